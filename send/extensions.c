#include "send/extensions.h"

#include <string.h>

struct words {
  const char *at, *end;
};

/* The next word of a line; AUTH=PLAIN, which is older than RFC 4954, is two words. */
static bool next_word(struct words *w, const char **word, size_t *length)
{
  while (w->at < w->end && (*w->at == ' ' || *w->at == '\t' || *w->at == '=' || *w->at == '\r')) w->at++;
  *word = w->at;
  while (w->at < w->end && *w->at != ' ' && *w->at != '\t' && *w->at != '=' && *w->at != '\r') w->at++;
  *length = (size_t)(w->at - *word);
  return *length > 0;
}

static bool is(const char *word, size_t length, const char *name)
{
  return length == strlen(name) && bytes_are_nocase(word, name, length);
}

static void parse_line(struct extensions *e, struct words w)
{
  const char *word;
  size_t length;

  if (!next_word(&w, &word, &length)) return;
  if (is(word, length, "PIPELINING")) e->pipelining = true;
  if (is(word, length, "8BITMIME")) e->eightbit = true;
  if (is(word, length, "SMTPUTF8")) e->utf8 = true;
  if (is(word, length, "STARTTLS")) e->starttls = true;
  if (is(word, length, "CHUNKING")) e->chunking = true;
  if (is(word, length, "DSN")) e->dsn = true;
  if (is(word, length, "REQUIRETLS")) e->requiretls = true;
  if (is(word, length, "MT-PRIORITY")) e->priority = true;
  if (is(word, length, "SIZE")) {
    e->size = true;
    if (!next_word(&w, &word, &length) || !number_scan_bytes(word, length, UINT64_MAX, &e->size_max)) e->size_max = 0;
  }
  if (is(word, length, "AUTH"))
    while (next_word(&w, &word, &length)) {
      if (is(word, length, "PLAIN")) e->auth_plain = true;
      if (is(word, length, "LOGIN")) e->auth_login = true;
      if (is(word, length, "SCRAM-SHA-256")) e->auth_scram = true;
      if (is(word, length, "XOAUTH2")) e->auth_xoauth2 = true;
      if (is(word, length, "OAUTHBEARER")) e->auth_oauthbearer = true;
    }
}

void send_extensions_parse(struct extensions *e, const struct reply *reply)
{
  const char *at = reply->lines.s, *end = at + reply->lines.len;

  *e = (struct extensions){ .size_max = 0 };
  for (bool is_greeting = true; at < end; is_greeting = false) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    if (!is_greeting) parse_line(e, (struct words){ at, newline });
    at = newline + 1;
  }
}
