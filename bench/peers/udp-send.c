/*
 * Sends numbered datagrams with sendmmsg, as fast as it goes or at a rate, and says what it cost.
 * udp-send HOST PORT COUNT SIZE [RATE [BATCH]]   RATE in datagrams a second, 0 = no limit
 * Prints one line of JSON: {"sent", "ms", "cpuUs"}. A datagram of 8 bytes or more starts with its number, from 0, u64le.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"

enum { MAX_BATCH = 256, MAX_SIZE = 65507 };

static void pace(double start, uint64_t sent, double rate) {
  double wait = start + sent / rate - now();
  if (wait <= 0) return;
  struct timespec t = {(time_t)wait, (long)((wait - (time_t)wait) * 1e9)};
  nanosleep(&t, NULL);
}

int main(int argc, char **argv) {
  if (argc < 5) return fprintf(stderr, "usage: udp-send HOST PORT COUNT SIZE [RATE [BATCH]]\n"), 2;
  uint64_t count = strtoull(argv[3], NULL, 10);
  size_t size = strtoul(argv[4], NULL, 10);
  double rate = argc > 5 ? atof(argv[5]) : 0;
  unsigned batch = argc > 6 ? atoi(argv[6]) : 64;
  if (size > MAX_SIZE || batch < 1 || batch > MAX_BATCH) return 2;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
  inet_pton(AF_INET, argv[1], &to.sin_addr);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) return perror("connect"), 1;

  struct mmsghdr *messages = calloc(batch, sizeof *messages);
  struct iovec *parts = calloc(batch, sizeof *parts);
  char *payloads = calloc(batch, size + 8);
  for (unsigned i = 0; i < batch; i++) {
    parts[i] = (struct iovec){payloads + i * (size + 8), size};
    memset(parts[i].iov_base, 'a' + i % 26, size);
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }

  uint64_t sent = 0;
  double start = now();
  while (sent < count) {
    unsigned want = count - sent < batch ? count - sent : batch;
    if (size >= 8)
      for (unsigned i = 0; i < want; i++) {
        uint64_t number = sent + i;
        memcpy(parts[i].iov_base, &number, 8);
      }
    int n = sendmmsg(fd, messages, want, 0);
    if (n < 0) {
      if (errno == EINTR || errno == ECONNREFUSED || errno == ENOBUFS) continue;
      return perror("sendmmsg"), 1;
    }
    sent += n;
    if (rate > 0) pace(start, sent, rate);
  }
  printf("{\"sent\":%lu,\"ms\":%.3f,\"cpuUs\":%ld}\n", (unsigned long)sent, (now() - start) * 1e3, cpu_us());
  return 0;
}
