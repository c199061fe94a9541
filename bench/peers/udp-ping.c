/*
 * Closed-loop echo client: keeps WINDOW datagrams outstanding for a while and counts the answers.
 * udp-ping HOST PORT WINDOW MS SIZE
 * Prints one line of JSON: {"trips", "ms", "lost"}. A window silent for 200 ms counts as lost and is sent anew.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "clock.h"

enum { MAX_WINDOW = 256, SLOT = 2048 };

static void send_all(int fd, struct mmsghdr *messages, int n) {
  for (int done = 0; done < n;) {
    int sent = sendmmsg(fd, messages + done, n - done, 0);
    if (sent > 0) done += sent;
    else if (errno != EINTR && errno != ECONNREFUSED) perror("sendmmsg"), exit(1);
  }
}

int main(int argc, char **argv) {
  if (argc < 6) return fprintf(stderr, "usage: udp-ping HOST PORT WINDOW MS SIZE\n"), 2;
  int window = atoi(argv[3]);
  double seconds = atof(argv[4]) / 1e3;
  size_t size = strtoul(argv[5], NULL, 10);
  if (window < 1 || window > MAX_WINDOW || size > SLOT) return 2;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
  inet_pton(AF_INET, argv[1], &to.sin_addr);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  struct timeval silence = {0, 200000};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) return perror("connect"), 1;

  static char payload[SLOT], slots[MAX_WINDOW][SLOT];
  struct mmsghdr out[MAX_WINDOW] = {0}, in[MAX_WINDOW] = {0};
  struct iovec part = {payload, size}, parts[MAX_WINDOW];
  memset(payload, 'p', size);
  for (int i = 0; i < window; i++) {
    parts[i] = (struct iovec){slots[i], SLOT};
    out[i].msg_hdr = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1};
    in[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
  }
  uint64_t trips = 0, lost = 0;
  double start = now();
  send_all(fd, out, window);
  while (now() - start < seconds) {
    int n = recvmmsg(fd, in, window, MSG_WAITFORONE, NULL);
    if (n > 0) {
      trips += n;
      send_all(fd, out, n);
    } else if (errno == EAGAIN) {
      lost += window;
      send_all(fd, out, window);
    } else if (errno != EINTR && errno != ECONNREFUSED)
      return perror("recvmmsg"), 1;
  }
  printf("{\"trips\":%lu,\"ms\":%.3f,\"lost\":%lu}\n", (unsigned long)trips, (now() - start) * 1e3, (unsigned long)lost);
  return 0;
}
