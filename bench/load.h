/* What the parts of the load generator share. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <glob.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { CONNECTIONS_MAX = 4096, LINE_SIZE = 512, HEADER_SIZE = 1024, STACK_BYTES = 256 << 10 };

/* The command line. */
struct plan {
  const char *host, *to, *from, *user, *password, *protocol, *tls, *watch;
  long port, messages, connections, each, size, recipients, users, wait, delay;
};

/* What all threads share. */
struct run {
  struct plan plan;
  struct sockaddr_in server;
  SSL_CTX *tls;
  char *body;
  size_t body_length;
  atomic_long next, done, failed, opened;
  double *ack, *whole;
  pthread_mutex_t lock;
  char error[256];
  atomic_bool gate;
  double first, last;
};

struct connection {
  int fd;
  long who; /* the user who opened it */
  SSL *ssl;
  size_t start, end;
  char bytes[65536];
};

/* tools.c */
_Noreturn void die(const char *what, const char *which);
_Noreturn void die_usage(const char *what);
double now(void);
void nap(double seconds);
void *allocate(size_t count, size_t size);
void thread_start(pthread_t *thread, void *(*work)(void *), void *argument);
/* "user%d@x" and 7 to "user7@x" */
void fill(char *out, size_t size, const char *pattern, long number);
/* Counts a failure and keeps the first one's text; false, so that a step can return it. */
bool fail(struct run *run, const char *step, const char *said);

/* connection.c */
bool connection_open(struct connection *c, const struct sockaddr_in *server);
void connection_close(struct connection *c);
bool connection_secure(struct connection *c, SSL_CTX *tls);
bool send_bytes(struct connection *c, const char *bytes, size_t length);
bool say(struct connection *c, const char *line);
/* The next line, its end replaced by NULs, valid until the next read; 0 when the other side has gone. */
char *read_line(struct connection *c);
/* Whether read_line would not wait. */
bool has_line(const struct connection *c);

/* client.c: threads; each takes numbers from run->next until all messages are done */
void body_make(struct run *run);
void *smtp_client(void *run);
void *login_client(void *run);

/* sink.c: takes messages until run->plan.messages came */
void sink(struct run *run);

/* watch.c: Maildir folders in which files appear */
struct watch {
  int fd;
  atomic_long seen;
  double last;
  bool overflow;
  glob_t folders;
};
void watch_open(struct watch *watch, const char *pattern);
void *watch_follow(void *watch);
long watch_count(const struct watch *watch);
/* Until all have come, or nothing more has for so many seconds. */
void watch_wait(struct watch *watch, long wanted, long seconds);

#endif
