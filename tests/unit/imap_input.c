/* How commands are collected. Each case is played in one piece, and byte by byte, with the same events. */

#include <string.h>

#include "imap/input.h"
#include "tests/check.h"

static const struct { const char *what, *bytes, *events; } cases[] = {
  { "a line is a command", "a NOOP\r\n", "[a NOOP]" },
  { "two lines are two", "a NOOP\r\nb NOOP\r\n", "[a NOOP][b NOOP]" },
  { "LF alone ends a line", "a NOOP\nb NOOP\n", "[a NOOP][b NOOP]" },
  { "half a line is none yet", "a NOOP", "" },
  { "an empty line is an empty command", "\r\n", "[]" },
  { "a CR inside stays", "a\rb\r\n", "[a\rb]" },
  { "a literal is awaited", "a LOGIN {3}\r\nbob x\r\n", "+[a LOGIN {3}\r\nbob x]" },
  { "a literal+ comes at once", "a LOGIN {3+}\r\nbob x\r\n", "[a LOGIN {3+}\r\nbob x]" },
  { "an empty literal", "a LOGIN {0}\r\n x\r\n", "+[a LOGIN {0}\r\n x]" },
  { "a literal may hold lines and announcements", "a X {8}\r\nb {9}\r\n\n y\r\n", "+[a X {8}\r\nb {9}\r\n\n y]" },
  { "what looks like one but is none", "a X {}\r\nb {+}\r\nc {x}\r\nd 9}\r\ne {1}x\r\n", "[a X {}][b {+}][c {x}][d 9}][e {1}x]" },
  { "the message of an APPEND is streamed", "a APPEND x {9}\r\n", "<9 waits: a APPEND x {9}>" },
  { "and with LITERAL+", "a append x (\\Seen) {9+}\r\n", "<9: a append x (\\Seen) {9+}>" },
  { "its mailbox is a literal like others", "a APPEND {1+}\r\nx {9+}\r\n", "<9: a APPEND {1+}\r\nx {9+}>" },
  { "what follows a streamed message is the next command", "a APPEND x {0+}\r\n\r\nb NOOP\r\n", "<0: a APPEND x {0+}>[][b NOOP]" },
  { "APPENDX is another word", "a APPENDX y {1+}\r\nz\r\n", "[a APPENDX y {1+}\r\nz]" },
  { "a message over 4 GB is refused (check 41)", "a APPEND x {4294967296}\r\nb NOOP\r\n",
    "!a a literal has at most 4294967295 octets![b NOOP]" },
  { "over 2^64 too (check 41)", "a LOGIN {99999999999999999999}\r\nb NOOP\r\n", "!a a literal has at most 4294967295 octets![b NOOP]" },
  { "with LITERAL+ the client cannot be followed", "a LOGIN {4294967296+}\r\n", "LOST a literal has at most 4294967295 octets" },
  { "a literal that is too long is refused and does not come", "a LOGIN {4294967295}\r\nb NOOP\r\n", "!a the literal is too long![b NOOP]" },
  { "with LITERAL+ it comes and is swallowed, and what follows", "a LOGIN {25+}\r\nx NOOP\r\nx NOOP\r\nx NOOP\r\n. {2+}\r\n\r\n\r\nb NOOP\r\n",
    "!a the literal is too long![b NOOP]" },
  { "all literals of a command together", "a X {20+}\r\n01234567890123456789 {22+}\r\n0123456789012345678901 {1+}\r\nx\r\nb NOOP\r\n",
    "!a the literal is too long![b NOOP]" },
  { "a line that is too long", "aa XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX\r\nb NOOP\r\n",
    "!aa the command is too long![b NOOP]" },
  { "and its literal", "aa XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX {8+}\r\nx NOOP\r\ny\r\nb NOOP\r\n",
    "!aa the command is too long![b NOOP]" },
  { "a literal that would have waited does not come", "aa XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX {8}\r\nb NOOP\r\n",
    "!aa the command is too long![b NOOP]" },
  { "without a tag it is *", "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", "!* the command is too long!" },
};

static void show(struct imap_input *i, enum imap_input_result result, text *events)
{
  text tag = TEXT_ZERO;

  imap_input_tag(i, &tag);
  switch (result) {
  case IMAP_INPUT_MORE: break;
  case IMAP_INPUT_CONTINUE: text_add(events, "+"); break;
  case IMAP_INPUT_DONE: text_add_format(events, "[%s]", text_string(&i->command)); break;
  case IMAP_INPUT_REFUSED: text_add_format(events, "!%s %s!", text_string(&tag), i->error); break;
  case IMAP_INPUT_LOST: text_add_format(events, "LOST %s", i->error); break;
  case IMAP_INPUT_STREAM:
    text_add_format(events, "<%llu%s: %s>", (unsigned long long)i->literal_size, i->literal_waits ? " waits" : "",
                    text_string(&i->command));
    break;
  }
  text_free(&tag);
}

/* In pieces of so many bytes. */
static const char *play(struct imap_input *i, const char *bytes, size_t length, size_t piece, text *events)
{
  text_clear(events);
  for (size_t at = 0; at < length;) {
    size_t used, given = length - at < piece ? length - at : piece;
    enum imap_input_result result = imap_input_add(i, bytes + at, given, &used);
    show(i, result, events);
    at += used;
    if (result == IMAP_INPUT_LOST) break;
  }
  return text_string(events);
}

static void start(struct imap_input *i)
{
  imap_input_free(i);
  *i = (struct imap_input)IMAP_INPUT_ZERO;
  imap_input_limit(i, 60, 24, true);
}

static void check_modes(struct imap_input *i, text *events)
{
  start(i);
  imap_input_expect_line(i);
  check_is(play(i, "Zm9v{3}\r\nb NOOP\r\n", 17, 99, events), "[Zm9v{3}][b NOOP]", "an awaited line has no literals");
  start(i);
  imap_input_limit(i, 60, 24, false);
  check_is(play(i, "a APPEND x {3}\r\nabc\r\n", 21, 99, events), "+[a APPEND x {3}\r\nabc]",
           "before login the message of an APPEND is a literal");
  start(i);
  play(i, "a APPEND x {9+}\r\n", 17, 99, events);
  imap_input_refuse(i);
  check_is(play(i, "123456789\r\nb NOOP\r\n", 19, 1, events), "[b NOOP]", "a refused message with LITERAL+ is swallowed");
  start(i);
  play(i, "a APPEND x {9}\r\n", 16, 99, events);
  imap_input_refuse(i);
  check_is(play(i, "b NOOP\r\n", 8, 99, events), "[b NOOP]", "a refused message that waited does not come");
}

/* 1 MiB without a line end, and a literal of 4 GB that is announced, cost no memory (checks 3, 41). */
static void check_memory(struct imap_input *i, text *events)
{
  static char bytes[1 << 20];
  size_t used;

  memset(bytes, 'x', sizeof bytes);
  start(i);
  imap_input_limit(i, IMAP_COMMAND_MAX, IMAP_COMMAND_MAX, true);
  check(imap_input_add(i, bytes, sizeof bytes, &used) == IMAP_INPUT_REFUSED, "1 MiB without a line end is refused");
  check(imap_input_add(i, bytes, sizeof bytes, &used) == IMAP_INPUT_MORE && i->command.a + i->tail.a < 100000,
        "and costs no memory");
  start(i);
  check_is(play(i, "a LOGIN {4294967295+}\r\n", 23, 99, events), "!a the literal is too long!", "4 GB are refused");
  imap_input_add(i, bytes, sizeof bytes, &used);
  check(i->command.a + i->tail.a < 1000, "and cost no memory");
}

int main(void)
{
  struct imap_input i = IMAP_INPUT_ZERO;
  text events = TEXT_ZERO;

  for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
    size_t length = strlen(cases[n].bytes);
    start(&i);
    check_is(play(&i, cases[n].bytes, length, length, &events), cases[n].events, cases[n].what);
    start(&i);
    check_is(play(&i, cases[n].bytes, length, 1, &events), cases[n].events, cases[n].what);
  }
  check_modes(&i, &events);
  check_memory(&i, &events);
  imap_input_free(&i);
  text_free(&events);
  return check_done();
}
