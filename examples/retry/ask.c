/* The code under test: asks a question over UDP and asks again, with doubling patience, until it is answered.
   Usage: ask HOST PORT QUESTION. Prints the answer; exit code 1 when there is none after five attempts. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ATTEMPTS = 5, FIRST_PATIENCE_MS = 50 };

static int connected(const char *host, const char *port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
  if (inet_pton(AF_INET, host, &to.sin_addr) != 1) return -1;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) != 0) return -1;
  return fd;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int fd = connected(argv[1], argv[2]);
  if (fd < 0) return 2;
  int patience = FIRST_PATIENCE_MS;
  for (int attempt = 1; attempt <= ATTEMPTS; attempt++, patience *= 2) {
    char question[256], answer[256];
    int length = snprintf(question, sizeof question, "%d %s", attempt, argv[3]);
    if (send(fd, question, (size_t)length, 0) < 0) return 2;
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    if (poll(&waiting, 1, patience) <= 0) continue;
    ssize_t got = recv(fd, answer, sizeof answer - 1, 0);
    if (got < 0) return 2;
    printf("%.*s\n", (int)got, answer);
    return 0;
  }
  fprintf(stderr, "no answer after %d attempts\n", ATTEMPTS);
  return 1;
}
