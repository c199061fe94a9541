/*
 * Closed-loop TCP client: one request outstanding on each of CONNECTIONS connections; an answer is as long as a request.
 * tcp-ping HOST PORT CONNECTIONS MS SIZE
 * Prints one line of JSON: {"trips", "ms", "lost"}; "lost" counts connections that the peer closed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

enum { MAX_CONNECTIONS = 256, MAX_SIZE = 4096 };

int main(int argc, char **argv) {
  if (argc < 6) return fprintf(stderr, "usage: tcp-ping HOST PORT CONNECTIONS MS SIZE\n"), 2;
  int connections = atoi(argv[3]);
  double seconds = atof(argv[4]) / 1e3;
  size_t size = strtoul(argv[5], NULL, 10);
  if (connections < 1 || connections > MAX_CONNECTIONS || size < 1 || size > MAX_SIZE) return 2;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
  inet_pton(AF_INET, argv[1], &to.sin_addr);

  static char request[MAX_SIZE], answer[MAX_SIZE];
  static int fds[MAX_CONNECTIONS];
  static size_t due[MAX_CONNECTIONS];
  memset(request, 'p', size);
  request[size - 1] = '\n';
  int waiting = epoll_create1(0), on = 1;
  for (int i = 0; i < connections; i++) {
    fds[i] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fds[i], (struct sockaddr *)&to, sizeof to) != 0) return perror("connect"), 1;
    setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
    epoll_ctl(waiting, EPOLL_CTL_ADD, fds[i], &event);
  }
  uint64_t trips = 0, lost = 0;
  double start = now();
  for (int i = 0; i < connections; i++) {
    due[i] = size;
    if (send(fds[i], request, size, MSG_NOSIGNAL) < 0) return perror("send"), 1;
  }
  while (now() - start < seconds && lost < (uint64_t)connections) {
    struct epoll_event events[64];
    int n = epoll_wait(waiting, events, 64, 200);
    for (int e = 0; e < n; e++) {
      unsigned i = events[e].data.u32;
      ssize_t got = recv(fds[i], answer, due[i], 0);
      if (got <= 0) {
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        close(fds[i]);
        lost++;
        continue;
      }
      due[i] -= got;
      if (due[i] > 0) continue;
      trips++;
      due[i] = size;
      send(fds[i], request, size, MSG_NOSIGNAL);
    }
  }
  printf("{\"trips\":%lu,\"ms\":%.3f,\"lost\":%lu}\n", (unsigned long)trips, (now() - start) * 1e3, (unsigned long)lost);
  return 0;
}
