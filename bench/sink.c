/* The sink: an SMTP server that takes everything and keeps nothing. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/load.h"

static bool sink_take_message(struct connection *c)
{
  for (const char *line; (line = read_line(c));)
    if (strcmp(line, ".") == 0) return true;
  return false;
}

static void sink_count(struct run *run)
{
  pthread_mutex_lock(&run->lock);
  run->last = now();
  pthread_mutex_unlock(&run->lock);
  run->done++;
}

static const char *sink_answer(const char *line)
{
  if (strncasecmp(line, "EHLO", 4) == 0) return "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 100000000\r\n";
  if (strcasecmp(line, "DATA") == 0) return "354 go on\r\n";
  if (strcasecmp(line, "QUIT") == 0) return "221 2.0.0 bye\r\n";
  return "250 2.0.0 ok\r\n";
}

static bool answer(const struct run *run, struct connection *c, const char *answers, size_t used)
{
  if (run->plan.delay) nap((double)run->plan.delay / 1000);
  return send_bytes(c, answers, used);
}

/* Commands that came together are answered together, as PIPELINING wants it. */
static void sink_session(struct run *run, struct connection *c)
{
  char answers[4096] = "220 sink ESMTP\r\n";
  for (size_t used = strlen(answers);;) {
    if (!has_line(c) || used > sizeof answers - LINE_SIZE) {
      if (!answer(run, c, answers, used)) return;
      used = 0;
    }
    const char *line = read_line(c);
    if (!line) return;
    const char *said = sink_answer(line);
    used += (size_t)snprintf(answers + used, sizeof answers - used, "%s", said);
    if (said[0] == '3') {
      if (!answer(run, c, answers, used) || !sink_take_message(c)) return;
      sink_count(run);
      used = (size_t)snprintf(answers, sizeof answers, "250 2.0.0 taken\r\n");
    } else if (strncmp(said, "221", 3) == 0) {
      answer(run, c, answers, used);
      return;
    }
  }
}

struct sink_guest {
  struct run *run;
  struct connection connection;
};

static void *sink_serve(void *argument)
{
  struct sink_guest *guest = argument;
  while (!guest->run->gate) nap(0.002);
  sink_session(guest->run, &guest->connection);
  connection_close(&guest->connection);
  free(guest);
  return 0;
}

struct sink_listener {
  struct run *run;
  int fd;
};

static void *sink_accept(void *argument)
{
  struct sink_listener *listener = argument;
  int one = 1;
  for (;;) {
    int fd = accept4(listener->fd, 0, 0, SOCK_CLOEXEC);
    if (fd == -1) continue;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    listener->run->opened++;
    struct sink_guest *guest = allocate(1, sizeof *guest);
    *guest = (struct sink_guest){ .run = listener->run };
    guest->connection.fd = fd;
    pthread_t thread;
    thread_start(&thread, sink_serve, guest);
    pthread_detach(thread);
  }
  return 0;
}

void sink(struct run *run)
{
  struct sink_listener listener = { .run = run, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
  pthread_t thread;
  char line[16];
  int one = 1;
  setsockopt(listener.fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener.fd, (struct sockaddr *)&run->server, sizeof run->server) == -1 || listen(listener.fd, 1024) == -1) die("listen at", run->plan.host);
  thread_start(&thread, sink_accept, &listener);
  puts("listening");
  fflush(stdout);
  if (!fgets(line, sizeof line, stdin)) return;
  run->gate = true;
  run->first = now();
  long seen = -1;
  for (double moved = now(); run->done < run->plan.messages && now() - moved < (double)run->plan.wait; nap(0.002))
    if (run->done != seen) {
      seen = run->done;
      moved = now();
    }
}
