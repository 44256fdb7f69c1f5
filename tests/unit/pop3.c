/* pop3/line, pop3/command, pop3/shown: the bytes of a client to lines and commands, a message to what is sent (RFC 1939, 2449; check 51). */

#include <stdio.h>
#include <string.h>

#include "pop3/command.h"
#include "pop3/line.h"
#include "pop3/shown.h"
#include "pop3/uidl.h"
#include "tests/check.h"

static const struct {
  const char *what, *bytes, *events; /* with a limit of 8 */
} inputs[] = {
  { "a line", "NOOP\r\n", "[NOOP]" },
  { "two lines", "NOOP\r\nQUIT\r\n", "[NOOP][QUIT]" },
  { "LF alone ends one", "NOOP\nQUIT\n", "[NOOP][QUIT]" },
  { "half a line is none", "NOOP", "" },
  { "an empty one", "\r\n\n", "[][]" },
  { "a CR inside stays", "a\rb\r\n", "[a\rb]" },
  { "one CR of two is the end's", "a\r\r\n", "[a\r]" },
  { "as long as may be", "12345678\r\n", "[12345678]" },
  { "... without CR", "12345678\n", "[12345678]" },
  { "one more", "123456789\r\nQUIT\r\n", "![QUIT]" },
  { "... without CR", "123456789\nQUIT\r\n", "![QUIT]" },
  { "far too long, told once", "1234567890123456789012345678901234567890\r\nQUIT\r\n", "![QUIT]" },
  { "too long by CR alone", "\r\r\r\r\r\r\r\r\r\r\r\r\r\nQUIT\r\n", "![QUIT]" },
  { "too long, without an end", "1234567890123456789", "" },
  { "two that are too long", "1234567890\n1234567890\nX\n", "!![X]" },
};

static void play(const char *bytes, size_t piece, text *events)
{
  struct pop3_line l = { .max = 8 };
  size_t length = strlen(bytes);

  text_clear(events);
  for (size_t at = 0, used; at < length; at += used) {
    size_t count = length - at < piece ? length - at : piece;
    switch (pop3_line_add(&l, bytes + at, count, &used)) {
    case POP3_LINE_MORE: check(used == count, "all of it is taken"); break;
    case POP3_LINE_TOO_LONG: text_add(events, "!"); break;
    case POP3_LINE_DONE:
      text_add(events, "[");
      text_add_text(events, &l.bytes);
      text_add(events, "]");
    }
    check(l.bytes.len <= l.max + 1, "no more is kept than may be");
  }
  pop3_line_wipe(&l);
}

static void check_lines(void)
{
  text events = TEXT_ZERO;

  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
    for (size_t piece = 1; piece <= 64; piece *= 4) {
      play(inputs[i].bytes, piece, &events);
      if (!check(text_is(&events, inputs[i].events), inputs[i].what)) printf("# %s in pieces of %zu\n", text_string(&events), piece);
    }
  text_free(&events);
}

static const struct {
  const char *line, *understood; /* 0: refused */
} commands[] = {
  { "CAPA", "0" }, { "capa", "0" }, { "NOOP ", "1" }, { "QUIT   ", "2" }, { "stls", "3" }, { "UTF8", "4" },
  { "NOOP x", 0 }, { "QUIT 1", 0 }, { "STLS now", 0 }, { "UTF8 USER", 0 }, { "RSET 1", 0 }, { "STAT 1", 0 },
  { "", 0 }, { " ", 0 }, { " NOOP", 0 }, { "\tNOOP", 0 }, { "NOOP\t", 0 }, { "XYZ", 0 }, { "NOO", 0 }, { "NOOPS", 0 }, { "APOP a b", 0 }, { "LANG", 0 },
  { "USER bob", "5 bob" }, { "user Bob Smith ", "5 Bob Smith " }, { "USER  x", "5  x" }, { "USER ", "5 " }, { "USER", 0 },
  { "PASS a b  c ", "6 a b  c " }, { "PASS ", "6 " }, { "PASS", 0 }, { "PASS p\xc3\xa4ss", "6 p\xc3\xa4ss" },
  { "AUTH", "7" }, { "AUTH ", "7" }, { "AUTH plain", "7 PLAIN" }, { "auth Scram-Sha-256-plus", "7 SCRAM-SHA-256-PLUS" }, { "AUTH PLAIN AGI=", "7 PLAIN AGI=" },
  { "AUTH PLAIN =", "7 PLAIN =" }, { "AUTH  PLAIN  = ", "7 PLAIN =" }, { "AUTH PLAIN a b", 0 },
  { "STAT", "8" }, { "LIST", "9" }, { "LIST ", "9" }, { "LIST 1", "9 #1" }, { "UIDL  2 ", "10 #2" }, { "RETR 4294967295", "11 #4294967295" }, { "RETR 001", "11 #1" },
  { "RETR", 0 }, { "RETR ", 0 }, { "RETR 0", 0 }, { "RETR 00", 0 }, { "RETR -1", 0 }, { "RETR +1", 0 }, { "RETR 4294967296", 0 }, { "RETR 4294967297", 0 },
  { "RETR 18446744073709551617", 0 }, { "RETR 1x", 0 }, { "RETR x1", 0 }, { "RETR 1 2", 0 }, { "RETR 1.", 0 }, { "RETR 0x1", 0 }, { "RETR\t1", 0 }, { "RETR 1\t", 0 },
  { "LIST 0", 0 }, { "LIST -1", 0 }, { "LIST 1 2", 0 }, { "UIDL x", 0 }, { "DELE 7", "13 #7" }, { "DELE *", 0 }, { "DELE 1:2", 0 },
  { "TOP 1 0", "12 #1 0" }, { "TOP 1 18446744073709551615", "12 #1 18446744073709551615" }, { "TOP 1 18446744073709551616", 0 }, { "TOP 1", 0 }, { "TOP", 0 },
  { "TOP 1 -1", 0 }, { "TOP 1 x", 0 }, { "TOP 0 1", 0 }, { "TOP 1 1 1", 0 }, { "RSET", "14" },
};

static void show(const struct pop3_command *c, text *out)
{
  text_clear(out);
  text_add_number(out, c->verb);
  if (*c->argument || c->verb == POP3_USER || c->verb == POP3_PASS) text_add_format(out, " %s", c->argument);
  if (c->initial) text_add_format(out, " %s", c->initial);
  if (c->number) text_add_format(out, " #%u", c->number);
  if (c->verb == POP3_TOP) text_add_format(out, " %llu", (unsigned long long)c->lines);
}

static void check_commands(void)
{
  struct pop3_command c;
  text line = TEXT_ZERO, shown = TEXT_ZERO;

  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    text_copy(&line, commands[i].line);
    bool is_taken = pop3_command_parse(&c, &line);
    if (is_taken) show(&c, &shown);
    bool fine = is_taken ? commands[i].understood && text_is(&shown, commands[i].understood) : !commands[i].understood && c.error && *c.error;
    if (!check(fine, commands[i].line)) printf("# %s\n", is_taken ? text_string(&shown) : c.error);
  }
  text_copy_bytes(&line, "USER a\0b", 8);
  check(!pop3_command_parse(&c, &line), "a NUL is in no command");
  text_free(&line);
  text_free(&shown);
}

enum { WHOLE = -1 };
static const struct {
  const char *file;
  int lines; /* of TOP */
  const char *sent;
} messages[] = {
  { "", WHOLE, "" },
  { "a\n", WHOLE, "a\r\n" },
  { "a\r\n", WHOLE, "a\r\n" },
  { "a", WHOLE, "a\r\n" },
  { ".", WHOLE, "..\r\n" },
  { ".\n", WHOLE, "..\r\n" },
  { ".\r\n.\r\n", WHOLE, "..\r\n..\r\n" },
  { "..\n...\n", WHOLE, "...\r\n....\r\n" },
  { "a\n.\n", WHOLE, "a\r\n..\r\n" },
  { "a\n.\nb\n..c\n", WHOLE, "a\r\n..\r\nb\r\n...c\r\n" },
  { "a.\n.b.\n", WHOLE, "a.\r\n..b.\r\n" },
  { "\n\n.\n", WHOLE, "\r\n\r\n..\r\n" },
  { "a\r\n.\n\r\n.b\r.c", WHOLE, "a\r\n..\r\n\r\n..b\r.c\r\n" }, /* a bare CR ends no line */
  { "a\r", WHOLE, "a\r\r\n" },
  { "h: 1\n\nb1\n.b2\nb3\n", 0, "h: 1\r\n\r\n" },
  { "h: 1\n\nb1\n.b2\nb3\n", 1, "h: 1\r\n\r\nb1\r\n" },
  { "h: 1\r\n\r\nb1\r\n.b2\r\nb3\r\n", 2, "h: 1\r\n\r\nb1\r\n..b2\r\n" },
  { "h: 1\n\nb1\n.b2\nb3\n", 3, "h: 1\r\n\r\nb1\r\n..b2\r\nb3\r\n" },
  { "h: 1\n\nb1\n.b2\nb3", 4, "h: 1\r\n\r\nb1\r\n..b2\r\nb3\r\n" },
  { "h: 1\n\nb1", 1, "h: 1\r\n\r\nb1\r\n" },
  { "h: 1\n", 5, "h: 1\r\n" },
  { "h: 1", 0, "h: 1\r\n" },
  { "\nbody\n", 0, "\r\n" },
  { "", 3, "" },
};

/* A message in one line, as a test's name. */
static const char *name_of(const char *file)
{
  static text name = TEXT_ZERO;

  text_copy(&name, "sent: ");
  for (const char *c = file; *c; c++)
    if (*c == '\r' || *c == '\n') text_add(&name, *c == '\r' ? "\\r" : "\\n");
    else text_add_char(&name, *c);
  return text_string(&name);
}

static void check_messages(void)
{
  text sent = TEXT_ZERO;
  struct bytes run;

  for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
    size_t length = strlen(messages[i].file);
    struct pop3_shown s = messages[i].lines == WHOLE ? pop3_shown_of(messages[i].file, length) : pop3_shown_top(messages[i].file, length, (uint64_t)messages[i].lines);
    text_clear(&sent);
    while (pop3_shown_next(&s, &run)) text_add_bytes(&sent, run.s, run.len);
    if (!check(text_is(&sent, messages[i].sent), name_of(messages[i].file))) printf("# %s\n", name_of(text_string(&sent)));
  }
  text_free(&sent);
}

static const struct {
  const char *facts, *name;
} uidls[] = {
  { "", "" }, { "W1234", "" }, { "P", "" }, { "Pabc", "abc" }, { "Pabc W1", "abc" }, { "W1 Pabc", "abc" }, { "W1  Pa:b O7", "a:b" }, { "W1 P O7", "" }, { "xPabc", "" },
  { "Pa\tb", "" }, { "P\xc3\xa4", "" }, { "P1 P2", "1" }, { "P!~", "!~" }, { " Pabc ", "abc" },
  { "P1234567890123456789012345678901234567890123456789012345678901234567890", "1234567890123456789012345678901234567890123456789012345678901234567890" },
  { "P12345678901234567890123456789012345678901234567890123456789012345678901", "" },
};

static void check_uidls(void)
{
  struct imap_message one = { .uid = 1 };
  struct imap_folder folder = { .messages = &one, .uids.head.validity = 0xfedcba98 };
  struct pop3_uidl none = { .is_read = true };
  text said = TEXT_ZERO;
  size_t length;

  for (size_t i = 0; i < sizeof uidls / sizeof *uidls; i++) {
    const char *name = pop3_uidl_find(uidls[i].facts, strlen(uidls[i].facts), &length);
    check(length == strlen(uidls[i].name) && !memcmp(name, uidls[i].name, length), uidls[i].facts);
  }
  pop3_uidl_add(&none, &folder, 0, &said);
  check(text_is(&said, "00000001fedcba98"), "else uid and uidvalidity, as Dovecot writes them");
  text_free(&said);
}

int main(void)
{
  check_lines();
  check_commands();
  check_messages();
  check_uidls();
  return check_done();
}
