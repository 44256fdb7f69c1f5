/* report-post: looks up where a domain wants reports about TLS (RFC 8460 3), and brings them there by HTTPS.

   Serves calls on run/report-post (doc/calls.md), one request a connection. Runs as mail-post; talks to strangers' name and web
   servers, holds nothing. */

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/call.h"
#include "lib/die.h"
#include "lib/dns_text.h"
#include "lib/home.h"
#include "lib/https.h"
#include "lib/log.h"
#include "lib/serve.h"
#include "tlsrpt/https.h"
#include "tlsrpt/record.h"

enum {
  SESSIONS = 50,
  SESSION_BYTES = 64 << 20,
  REPORT_BYTES = 16 << 20,
  REQUEST_SECONDS = 10,
  SESSION_SECONDS = 180
};

const char *PROG = "report-post";

static struct cidrs also; /* control/tlsreportnetworks */

static const char *find(const char *domain, text *endpoints, const char **error)
{
  text name = TEXT_ZERO, records = TEXT_ZERO;

  text_add(&name, "_smtp._tls.");
  text_add(&name, domain);
  *error = "no answer from DNS";
  if (!dns_name_check(text_string(&name))) {
    *error = "this is no domain that could have a record";
    return "none";
  }
  switch (dns_find_text(name.s, &records)) {
  case DNS_LATER: return "later";
  case DNS_ABSENT:
  case DNS_NOTHING: *error = "there is no record"; return "none";
  case DNS_FOUND: break;
  }
  return tlsrpt_record_parse(&records, endpoints, error) ? "found" : "none";
}

static void answer_find(const text *request, text *answer)
{
  text endpoints = TEXT_ZERO;
  const char *error, *word = find(record_get(request, "domain"), &endpoints, &error);

  record_add(answer, "answer", word);
  if (endpoints.len < CALL_PACKET_MAX - 1024) text_add_text(answer, &endpoints);
  if (strcmp(word, "found")) record_add(answer, "error", error);
  log_event("asked", "domain", record_get(request, "domain"), "answer", word, "error", strcmp(word, "found") ? error : "", (char *)0);
}

static bool read_file(int fd, text *bytes)
{
  struct stat status;

  if (fstat(fd, &status) == -1 || status.st_size < 1 || status.st_size > REPORT_BYTES) return false;
  text_ready(bytes, (size_t)status.st_size);
  ssize_t count = pread(fd, bytes->s, (size_t)status.st_size, 0);
  if (count != status.st_size) return false;
  bytes->len = (size_t)count;
  return true;
}

static void answer_post(int call, const text *request, const struct call_fds *fds, text *answer)
{
  text gzip = TEXT_ZERO, said = TEXT_ZERO;
  bool good = fds->count == 1 && read_file(fds->fd[0], &gzip);

  if (!good) text_copy(&said, "the report cannot be read");
  good = good && tlsrpt_https_post(record_get(request, "uri"), &gzip, &also, call, &said);
  record_add(answer, "answer", good ? "done" : "later");
  record_add(answer, "error", text_string(&said));
  log_event(good ? "posted" : "unposted", "uri", record_get(request, "uri"), "said", said.s, (char *)0);
}

static void session(int in, int out, const struct peer *peer)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO;
  struct call_fds fds;

  (void)out, (void)peer;
  if (call_receive(in, &request, &fds, REQUEST_SECONDS) != CALL_DONE) return;
  if (record_is(&request, "what", "find"))
    answer_find(&request, &answer);
  else if (record_is(&request, "what", "post"))
    answer_post(in, &request, &fds, &answer);
  else {
    log_event("refused", "what", record_get(&request, "what"), (char *)0);
    return;
  }
  call_send(in, &answer, 0, 0);
}

int main(int argc, const char *const *argv)
{
  static const char *const callers[] = { "mail-tlsrpt", 0 };
  static const char *const reads[] = { "control", "/etc/ssl", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates", 0 };
  static const struct sandbox sandbox = { .reads = reads, .may_connect = true };
  static const struct serve service = { .concurrency = SESSIONS,
                                        .memory_bytes = SESSION_BYTES,
                                        .callers = callers,
                                        .session_seconds = SESSION_SECONDS,
                                        .sandbox = &sandbox,
                                        .session = session };

  if (argc != 1) die_usage("report-post");
  home_enter();
  cidrs_read(&also, "tlsreportnetworks");
  https_start();
  return serve(&service, argv);
}
