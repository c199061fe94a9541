/*
 * Receives datagrams with recvmmsg and only counts them: the yardstick of capture.
 * udp-count COUNT NAP_US BUFFER   ends after COUNT datagrams or one silent second after the first
 * NAP_US: sleep after a read that found something, 0 = block in recvmmsg.
 * Prints "port N", then one line of JSON: {"received", "ms", "cpuUs", "calls"}.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "clock.h"

enum { BATCH = 64, SLOT = 2048 };

int main(int argc, char **argv) {
  if (argc < 4) return fprintf(stderr, "usage: udp-count COUNT NAP_US BUFFER\n"), 2;
  uint64_t count = strtoull(argv[1], NULL, 10);
  int nap = atoi(argv[2]), buffer = atoi(argv[3]);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  struct timeval silence = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof at;
  if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0) return perror("bind"), 1;
  getsockname(fd, (struct sockaddr *)&at, &length);
  printf("port %d\n", ntohs(at.sin_port));
  fflush(stdout);

  static char slots[BATCH][SLOT];
  static struct sockaddr_in from[BATCH];
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  for (int i = 0; i < BATCH; i++) {
    parts[i] = (struct iovec){slots[i], SLOT};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1, .msg_name = &from[i], .msg_namelen = sizeof from[i]};
  }
  uint64_t received = 0, calls = 0;
  double start = 0, last = 0;
  while (received < count) {
    int n = recvmmsg(fd, messages, BATCH, nap ? MSG_DONTWAIT : MSG_WAITFORONE, NULL);
    if (n > 0) {
      calls++;
      last = now();
      if (start == 0) start = last;
      received += n;
      if (nap && n < BATCH) usleep(nap);
    } else if (errno == EAGAIN) {
      if (start && now() - last > 1) break;
      if (nap) usleep(start ? nap : 1000);
    } else if (errno != EINTR)
      return perror("recvmmsg"), 1;
  }
  printf("{\"received\":%lu,\"ms\":%.3f,\"cpuUs\":%ld,\"calls\":%lu}\n", (unsigned long)received, (last - start) * 1e3, cpu_us(), (unsigned long)calls);
  return 0;
}
