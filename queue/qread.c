/* qread: shows one queued message: what is known of it, then itself. Reads queue/; writes nothing; asks nobody. */

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "lib/die.h"
#include "lib/header.h"
#include "lib/home.h"
#include "lib/json.h"
#include "lib/options.h"
#include "queue/look.h"
#include "queue/show.h"

#define USAGE "qread [--header] [--raw|--json] ID"

enum { PART_BYTES = 64 * 1024, LINE_MAX_BYTES = 64 * 1024, HEADER_MAX = 16 << 20 };

static void say(text *words)
{
  if (allwrite(1, words->s, words->len) != words->len) die_unable("write to fd 1");
  text_clear(words);
}

/* The part of the message at so many bytes from its beginning; empty at the end. */
static void read_part(const struct queue_look *l, uint64_t at, size_t most, text *bytes)
{
  ssize_t length;

  text_clear(bytes);
  text_ready(bytes, most);
  do
    length = pread(l->file.fd, bytes->s, most, (off_t)(l->file.envelope.length + at));
  while (length == -1 && errno == EINTR);
  if (length == -1) die_unable("read the message");
  bytes->len = (size_t)length;
}

static size_t header_bytes(const struct queue_look *l)
{
  text bytes = TEXT_ZERO;

  read_part(l, 0, l->file.size_bytes < HEADER_MAX ? (size_t)l->file.size_bytes : HEADER_MAX, &bytes);
  size_t length = header_length(bytes.s, bytes.len);
  text_free(&bytes);
  return length;
}

static void add_facts(text *out, const char *indent, const text *facts)
{
  size_t at = 0, key_length;

  for (const char *fact; (fact = record_walk(facts, &at, &key_length));) {
    text_add(out, indent);
    queue_show_plain(out, fact);
    text_add_char(out, '\n');
  }
}

static void show_facts(const struct queue_look *l)
{
  const struct envelope *e = &l->file.envelope;
  text out = TEXT_ZERO;

  queue_show_text(&out, &l->file, l->said, (uint64_t)time(0));
  text_add(&out, "    facts of the message\n");
  add_facts(&out, "        ", &e->facts);
  for (size_t i = 0; i < e->count; i++) {
    if (!e->recipients[i].facts.len) continue;
    text_add(&out, "    facts of ");
    queue_show_plain(&out, e->recipients[i].address);
    text_add_char(&out, '\n');
    add_facts(&out, "        ", &e->recipients[i].facts);
  }
  text_add_char(&out, '\n');
  say(&out);
  text_free(&out);
}

/* One line, or a piece of one, without its line end: a terminal gets no control but the tab. */
static void add_line(text *out, text *line)
{
  const char *at = text_string(line), *end = at + line->len;

  for (;;) {
    text piece = TEXT_ZERO;
    size_t length = strcspn(at, "\t");
    text_add_bytes(&piece, at, length);
    queue_show_plain(out, text_string(&piece));
    text_free(&piece);
    at += length;
    if (at >= end) break;
    text_add_char(out, *at++ ? '\t' : '?'); /* a tab, or a NUL */
  }
  text_clear(line);
}

static void show_plain(const text *bytes, text *line, text *out)
{
  for (size_t at = 0; at < bytes->len;) {
    const char *newline = memchr(bytes->s + at, '\n', bytes->len - at);
    size_t end = newline ? (size_t)(newline - bytes->s) : bytes->len;
    text_add_bytes(line, bytes->s + at, end - at);
    if (newline && line->len && line->s[line->len - 1] == '\r') line->len--;
    if (newline || line->len > LINE_MAX_BYTES) add_line(out, line);
    if (newline) text_add_char(out, '\n');
    at = end + (newline != 0);
  }
}

static void show_message(const struct queue_look *l, uint64_t size, bool is_raw)
{
  text bytes = TEXT_ZERO, line = TEXT_ZERO, out = TEXT_ZERO;

  for (uint64_t at = 0; at < size; at += bytes.len) {
    read_part(l, at, size - at < PART_BYTES ? (size_t)(size - at) : PART_BYTES, &bytes);
    if (!bytes.len) die_permanent("the file has become shorter");
    if (is_raw)
      text_add_text(&out, &bytes);
    else
      show_plain(&bytes, &line, &out);
    say(&out);
  }
  add_line(&out, &line);
  say(&out);
  text_free(&bytes);
  text_free(&line);
  text_free(&out);
}

static void show_json(const struct queue_look *l)
{
  size_t at = 0, key_length;
  text out = TEXT_ZERO, header = TEXT_ZERO;

  queue_show_json(&out, &l->file, l->said, (uint64_t)time(0));
  out.len -= 2; /* "}\n" */
  json_key(&out, "facts");
  text_add_char(&out, '[');
  for (const char *fact; (fact = record_walk(&l->file.envelope.facts, &at, &key_length));) {
    if (out.s[out.len - 1] != '[') text_add_char(&out, ',');
    json_string(&out, fact);
  }
  text_add_char(&out, ']');
  read_part(l, 0, header_bytes(l), &header);
  json_pair(&out, "header", text_string(&header));
  text_add(&out, "}\n");
  say(&out);
  text_free(&out);
  text_free(&header);
}

int main(int argc, const char **argv)
{
  bool is_header = false, is_raw = false, is_json = false;
  const struct option_word words[] = { { "--header", &is_header }, { "--raw", &is_raw }, { "--json", &is_json }, { 0, 0 } };
  struct queue_look look = QUEUE_LOOK_ZERO;
  (void)argc;

  PROG = "qread";
  int count = options_read(argv + 1, words, USAGE);
  if (count != 1 || (is_raw && is_json)) die_usage(USAGE);
  home_enter();
  switch (queue_look_open(&look, argv[1])) {
  case QUEUE_FOUND: break;
  case QUEUE_ABSENT: strerr_warnw(argv[1], ": no such message in the queue (any more)"); return END_NO;
  default: return END_TEMPORARY;
  }
  if (is_json)
    show_json(&look);
  else {
    if (!is_raw) show_facts(&look);
    show_message(&look, is_header ? header_bytes(&look) : look.file.size_bytes, is_raw);
  }
  return END_DONE;
}
