/* The clients: SMTP messages, IMAP and SMTP logins. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/load.h"

/* Reads a whole reply and says whether it has this code; *said is its last line. */
static bool expect(struct connection *c, const char *code, const char **said)
{
  do *said = read_line(c);
  while (*said && strlen(*said) > 3 && (*said)[3] == '-');
  if (!*said) *said = "the connection ended";
  return strncmp(*said, code, 3) == 0;
}

static bool ask(struct connection *c, const char *line, const char *code, const char **said)
{
  *said = "unable to send";
  return say(c, line) && expect(c, code, said);
}

static bool smtp_authenticate(struct run *run, struct connection *c, const char **said)
{
  char name[LINE_SIZE], raw[LINE_SIZE * 2], line[LINE_SIZE * 4] = "AUTH PLAIN ";
  fill(name, sizeof name, run->plan.user, c->who);
  int length = snprintf(raw, sizeof raw, "%c%s%c%s", 0, name, 0, run->plan.password);
  int coded = EVP_EncodeBlock((unsigned char *)line + 11, (unsigned char *)raw, length);
  snprintf(line + 11 + coded, sizeof line - 11 - (size_t)coded, "\r\n");
  return ask(c, line, "235", said);
}

static bool smtp_greet(struct run *run, struct connection *c)
{
  const struct plan *plan = &run->plan;
  const char *said = "";
  if (strcmp(plan->tls, "implicit") == 0 && !connection_secure(c, run->tls)) return fail(run, "TLS", said);
  if (!expect(c, "220", &said)) return fail(run, "greeting", said);
  if (!ask(c, "EHLO bench.example\r\n", "250", &said)) return fail(run, "EHLO", said);
  if (strcmp(plan->tls, "starttls") == 0) {
    if (!ask(c, "STARTTLS\r\n", "220", &said)) return fail(run, "STARTTLS", said);
    if (!connection_secure(c, run->tls)) return fail(run, "TLS", "no handshake");
    if (!ask(c, "EHLO bench.example\r\n", "250", &said)) return fail(run, "EHLO", said);
  }
  if (*plan->user && !smtp_authenticate(run, c, &said)) return fail(run, "AUTH", said);
  return true;
}

static bool smtp_open(struct run *run, struct connection *c, long number)
{
  if (!connection_open(c, &run->server)) return fail(run, "connect", strerror(errno));
  run->opened++;
  c->who = number % run->plan.users + 1;
  if (smtp_greet(run, c)) return true;
  connection_close(c);
  return false;
}

static void smtp_quit(struct connection *c)
{
  const char *said;
  ask(c, "QUIT\r\n", "221", &said);
  connection_close(c);
}

/* All servers compared announce PIPELINING: the envelope goes out at once, as a good client sends it. */
static bool smtp_envelope(struct run *run, struct connection *c, long number)
{
  const struct plan *plan = &run->plan;
  size_t size = LINE_SIZE * ((size_t)plan->recipients + 2);
  char *lines = allocate(1, size), name[LINE_SIZE - 32];
  const char *said = "unable to send";
  fill(name, sizeof name, plan->from, c->who);
  size_t used = (size_t)snprintf(lines, size, "MAIL FROM:<%s>\r\n", name);
  for (long i = 0; i < plan->recipients; i++) {
    fill(name, sizeof name, plan->to, (number * plan->recipients + i) % plan->users + 1);
    used += (size_t)snprintf(lines + used, size - used, "RCPT TO:<%s>\r\n", name);
  }
  used += (size_t)snprintf(lines + used, size - used, "DATA\r\n");
  bool good = send_bytes(c, lines, used);
  free(lines);
  for (long i = 0; good && i < plan->recipients + 1; i++) good = expect(c, "250", &said);
  if (good && expect(c, "354", &said)) return true;
  return fail(run, "envelope", said);
}

static bool smtp_message(struct run *run, struct connection *c, long number, char *message)
{
  const char *said = "unable to send";
  int header = snprintf(message, HEADER_SIZE,
    "Date: Sat, 21 Nov 2026 09:00:00 +0000\r\nFrom: Bench <bench@bench.example>\r\nTo: Users <users@bench.test>\r\n"
    "Subject: message %ld of the benchmark\r\nMessage-ID: <%ld.%d@bench.example>\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=us-ascii\r\n\r\n", number, number, (int)getpid());
  memcpy(message + header, run->body, run->body_length);
  double sent = now();
  if (send_bytes(c, message, (size_t)header + run->body_length) && expect(c, "250", &said)) {
    run->ack[number] = now() - sent;
    return true;
  }
  return fail(run, "message", said);
}

void *smtp_client(void *argument)
{
  struct run *run = argument;
  struct connection *c = allocate(1, sizeof *c);
  char *message = allocate(1, HEADER_SIZE + run->body_length);
  long used = 0;
  c->fd = -1;
  for (long number; (number = run->next++) < run->plan.messages;) {
    double began = now();
    if (c->fd == -1 && !smtp_open(run, c, number)) continue;
    if (!smtp_envelope(run, c, number) || !smtp_message(run, c, number, message)) {
      connection_close(c);
      continue;
    }
    run->whole[number] = now() - began;
    run->done++;
    if (run->plan.each && ++used % run->plan.each == 0) smtp_quit(c);
  }
  if (c->fd != -1) smtp_quit(c);
  free(message);
  free(c);
  return 0;
}

/* Lines of words up to the size asked for (less the header's 300 bytes), and the final dot. */
void body_make(struct run *run)
{
  static const char *const words[] = { "mail", "queue", "the", "meeting", "on", "report", "invoice", "please", "find", "attached" };
  size_t wanted = run->plan.size > 400 ? (size_t)run->plan.size - 300 : 100, used = 0, column = 0;
  run->body = allocate(1, wanted + 128);
  for (unsigned int seed = 1; used < wanted; seed = seed * 1103515245 + 12345) {
    const char *word = words[(seed >> 16) % 10], *end = column > 60 ? "\r\n" : " ";
    int n = snprintf(run->body + used, 32, "%s%s", word, end);
    column = column > 60 ? 0 : column + (size_t)n;
    used += (size_t)n;
  }
  run->body_length = used + (size_t)snprintf(run->body + used, 32, "\r\nend\r\n.\r\n");
}

static bool imap_login(struct run *run, struct connection *c, long number)
{
  char line[LINE_SIZE * 2], name[LINE_SIZE];
  const char *said = "the connection ended";
  if (strcmp(run->plan.tls, "implicit") == 0 && !connection_secure(c, run->tls)) return fail(run, "TLS", "no handshake");
  if (!read_line(c)) return fail(run, "greeting", said);
  fill(name, sizeof name, run->plan.user, number % run->plan.users + 1);
  snprintf(line, sizeof line, "a LOGIN \"%s\" \"%s\"\r\n", name, run->plan.password);
  if (!say(c, line)) return fail(run, "LOGIN", said);
  while ((said = read_line(c)) && strncmp(said, "a ", 2) != 0) continue;
  if (!said || strncmp(said, "a OK", 4) != 0) return fail(run, "LOGIN", said ? said : "the connection ended");
  if (!say(c, "b LOGOUT\r\n")) return fail(run, "LOGOUT", "unable to send");
  while ((said = read_line(c)) && strncmp(said, "b ", 2) != 0) continue;
  return said || fail(run, "LOGOUT", "the connection ended");
}

static bool smtp_login(struct run *run, struct connection *c, long number)
{
  c->who = number % run->plan.users + 1;
  const char *said = "";
  if (!*run->plan.user && strcmp(run->plan.tls, "none") == 0) {
    if (!expect(c, "220", &said)) return fail(run, "greeting", said);
  } else if (!smtp_greet(run, c))
    return false;
  return ask(c, "QUIT\r\n", "221", &said) || fail(run, "QUIT", said);
}

void *login_client(void *argument)
{
  struct run *run = argument;
  struct connection *c = allocate(1, sizeof *c);
  bool is_imap = strcmp(run->plan.protocol, "imap") == 0;
  for (long number; (number = run->next++) < run->plan.messages;) {
    double began = now();
    if (!connection_open(c, &run->server)) {
      fail(run, "connect", strerror(errno));
      continue;
    }
    run->opened++;
    bool good = is_imap ? imap_login(run, c, number) : smtp_login(run, c, number);
    connection_close(c);
    if (!good) continue;
    run->ack[number] = run->whole[number] = now() - began;
    run->done++;
  }
  free(c);
  return 0;
}
