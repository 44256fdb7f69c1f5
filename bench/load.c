/* load: a load generator for mail servers on loopback.

     load smtp  host= port= messages= connections= each= size= recipients= to= users= [from=] [tls=] [user= password=] [watch= wait=]
     load sink  host= port= messages= [wait=] [delay=]
     load login host= port= messages= connections= protocol=imap|smtp [tls=] [user= password= users=]

   A pattern (to, from, user) may hold one %d: the number of the user, 1 to users; from and user that of a connection. each=0 keeps a connection for all its
   messages. tls is none, starttls or implicit. watch= is a glob of Maildir folders: load waits until all it sent lie
   there. sink holds its greeting back until a line comes on fd 0. delay= are milliseconds before each of its answers.
   Every mode ends by itself and prints one JSON object.
   Times are seconds of the monotonic clock, so that those of two processes can be compared. */

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/load.h"

static struct sockaddr_in address_of(const struct plan *plan)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)plan->port) };
  if (inet_pton(AF_INET, plan->host, &address.sin_addr) != 1) die_usage("host is not an IPv4 address");
  if (ntohl(address.sin_addr.s_addr) >> 24 != 127) die_usage("host is not a loopback address");
  return address;
}

static int compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Failed messages left a 0; they lie in front once it is sorted. */
static double percentile(double *seconds, const struct run *run, double part)
{
  long good = run->done, all = run->plan.messages;
  if (!good) return 0;
  qsort(seconds, (size_t)all, sizeof *seconds, compare);
  return seconds[all - good + (long)(part * (double)(good - 1))] * 1000;
}

static void clients_run(struct run *run, void *(*client)(void *))
{
  pthread_t *threads = allocate((size_t)run->plan.connections, sizeof *threads);
  for (long i = 0; i < run->plan.connections; i++) thread_start(threads + i, client, run);
  for (long i = 0; i < run->plan.connections; i++) pthread_join(threads[i], 0);
  free(threads);
}

static void report(struct run *run, double began, double ended)
{
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  for (char *p = run->error; *p; p++)
    if (*p < ' ' || *p == '"' || *p == '\\') *p = ' ';
  printf("{\"done\":%ld,\"failed\":%ld,\"connections\":%ld,\"began\":%.6f,\"ended\":%.6f,\"per_second\":%.1f,\"client_cpu\":%.6f,\"error\":\"%s\"",
    (long)run->done, (long)run->failed, (long)run->opened, began, ended, (double)run->done / (ended - began), cpu, run->error);
  if (run->ack)
    printf(",\"ack_p50\":%.3f,\"ack_p99\":%.3f,\"whole_p50\":%.3f,\"whole_p99\":%.3f", percentile(run->ack, run, 0.5), percentile(run->ack, run, 0.99),
      percentile(run->whole, run, 0.5), percentile(run->whole, run, 0.99));
}

static void drive(struct run *run, void *(*client)(void *))
{
  struct watch watch = { .fd = -1 };
  pthread_t follower;
  long before = 0;
  run->ack = allocate((size_t)run->plan.messages, sizeof *run->ack);
  run->whole = allocate((size_t)run->plan.messages, sizeof *run->whole);
  if (*run->plan.watch) {
    watch_open(&watch, run->plan.watch);
    before = watch_count(&watch);
    thread_start(&follower, watch_follow, &watch);
  }
  double began = now();
  clients_run(run, client);
  double ended = now();
  if (*run->plan.watch) watch_wait(&watch, run->done * run->plan.recipients, run->plan.wait);
  report(run, began, ended);
  if (*run->plan.watch)
    printf(",\"delivered\":%ld,\"delivered_files\":%ld,\"overflow\":%s,\"delivered_at\":%.6f", (long)watch.seen, watch_count(&watch) - before, watch.overflow ? "true" : "false", watch.last);
  puts("}");
}

static void plan_read(struct plan *plan, char **arguments)
{
  const struct { const char *name; const char **word; long *number; } options[] = {
    { "host", &plan->host, 0 }, { "to", &plan->to, 0 }, { "from", &plan->from, 0 }, { "user", &plan->user, 0 },
    { "password", &plan->password, 0 }, { "protocol", &plan->protocol, 0 }, { "tls", &plan->tls, 0 }, { "watch", &plan->watch, 0 },
    { "port", 0, &plan->port }, { "messages", 0, &plan->messages }, { "connections", 0, &plan->connections }, { "each", 0, &plan->each },
    { "size", 0, &plan->size }, { "recipients", 0, &plan->recipients }, { "users", 0, &plan->users }, { "wait", 0, &plan->wait }, { "delay", 0, &plan->delay },
  };
  for (; *arguments; arguments++) {
    size_t length = strcspn(*arguments, "="), i = 0;
    while (i < sizeof options / sizeof *options && (strlen(options[i].name) != length || strncmp(options[i].name, *arguments, length) != 0)) i++;
    if (i == sizeof options / sizeof *options || !(*arguments)[length]) die_usage(*arguments);
    if (options[i].word) *options[i].word = *arguments + length + 1;
    if (options[i].number) *options[i].number = strtol(*arguments + length + 1, 0, 10);
  }
  if (plan->connections < 1 || plan->connections > CONNECTIONS_MAX || plan->messages < 1 || plan->recipients < 1 || plan->users < 1) die_usage("a number is out of range");
}

int main(int argc, char **argv)
{
  static struct run run = { .lock = PTHREAD_MUTEX_INITIALIZER };
  run.plan = (struct plan){ .host = "127.0.0.1", .to = "user%d@bench.test", .from = "sender@bench.example", .user = "", .password = "", .protocol = "imap",
    .tls = "none", .watch = "", .port = 25, .messages = 1, .connections = 1, .each = 1, .size = 4096, .recipients = 1, .users = 1, .wait = 20 };
  struct rlimit files = { 65536, 65536 };
  if (argc < 2) die_usage("which mode?");
  plan_read(&run.plan, argv + 2);
  run.server = address_of(&run.plan);
  signal(SIGPIPE, SIG_IGN);
  setrlimit(RLIMIT_NOFILE, &files);
  run.tls = SSL_CTX_new(TLS_client_method());
  if (!run.tls) die("start", "OpenSSL");
  SSL_CTX_set_session_cache_mode(run.tls, SSL_SESS_CACHE_OFF);
  body_make(&run);
  if (strcmp(argv[1], "smtp") == 0)
    drive(&run, smtp_client);
  else if (strcmp(argv[1], "login") == 0)
    drive(&run, login_client);
  else if (strcmp(argv[1], "sink") == 0) {
    sink(&run);
    report(&run, run.first, run.last);
    puts("}");
  } else
    die_usage(argv[1]);
  return run.failed != 0;
}
