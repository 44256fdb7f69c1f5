#include "pop3/command.h"

#include <string.h>

enum argument { NOTHING, ANYTHING, MECHANISM, MESSAGE, MAYBE_MESSAGE, MESSAGE_AND_LINES };

static const struct {
  const char *name;
  enum argument argument;
} verbs[POP3_VERBS] = {
  [POP3_CAPA] = { "CAPA", NOTHING }, [POP3_NOOP] = { "NOOP", NOTHING }, [POP3_QUIT] = { "QUIT", NOTHING },
  [POP3_STLS] = { "STLS", NOTHING }, [POP3_UTF8] = { "UTF8", NOTHING }, [POP3_USER] = { "USER", ANYTHING },
  [POP3_PASS] = { "PASS", ANYTHING }, [POP3_AUTH] = { "AUTH", MECHANISM }, [POP3_STAT] = { "STAT", NOTHING },
  [POP3_LIST] = { "LIST", MAYBE_MESSAGE }, [POP3_UIDL] = { "UIDL", MAYBE_MESSAGE }, [POP3_RETR] = { "RETR", MESSAGE },
  [POP3_TOP] = { "TOP", MESSAGE_AND_LINES }, [POP3_DELE] = { "DELE", MESSAGE }, [POP3_RSET] = { "RSET", NOTHING },
};

static bool refuse(struct pop3_command *c, const char *error)
{
  c->error = error;
  return false;
}

static bool find_verb(struct pop3_command *c, const char *word, size_t length)
{
  for (unsigned int i = 0; i < POP3_VERBS; i++)
    if (strlen(verbs[i].name) == length && bytes_are_nocase(word, verbs[i].name, length)) {
      c->verb = (enum pop3_verb)i;
      return true;
    }
  return refuse(c, "this is no command");
}

/* The next word, ended by a NUL, between spaces; 0 if there is none. */
static char *take_word(char **at)
{
  char *word = *at + strspn(*at, " ");

  *at = word + strcspn(word, " ");
  if (*at == word) return 0;
  if (**at) *(*at)++ = 0;
  return word;
}

static bool take_nothing(struct pop3_command *c, char *at)
{
  return take_word(&at) ? refuse(c, "it has no such argument") : true;
}

static bool take_message(struct pop3_command *c, char **at)
{
  uint64_t number;
  const char *word = take_word(at);

  if (!word) return refuse(c, "which message? Say its number");
  if (!number_scan(word, UINT32_MAX, &number) || !number) return refuse(c, "this is no number of a message");
  c->number = (uint32_t)number;
  return true;
}

static bool take_lines(struct pop3_command *c, char **at)
{
  const char *word = take_word(at);

  return word && number_scan(word, UINT64_MAX, &c->lines) ? true : refuse(c, "how many lines of the body? Say a number");
}

static bool take_mechanism(struct pop3_command *c, char *at)
{
  char *name = take_word(&at);

  if (!name) return true;
  for (char *letter = name; *letter; letter++)
    if (ascii_is_alpha(*letter)) *letter &= (char)~0x20;
  c->argument = name;
  c->initial = take_word(&at);
  return take_nothing(c, at);
}

static bool take_arguments(struct pop3_command *c, char *at)
{
  switch (verbs[c->verb].argument) {
  case NOTHING: return take_nothing(c, at);
  case MECHANISM: return take_mechanism(c, at);
  case MESSAGE: return take_message(c, &at) && take_nothing(c, at);
  case MESSAGE_AND_LINES: return take_message(c, &at) && take_lines(c, &at) && take_nothing(c, at);
  case MAYBE_MESSAGE: return !at[strspn(at, " ")] || (take_message(c, &at) && take_nothing(c, at));
  case ANYTHING: /* RFC 1939 7: spaces may be part of a password */
    if (!*at) return refuse(c, "an argument is missing");
    c->argument = at + 1;
    return true;
  }
  return false;
}

bool pop3_command_parse(struct pop3_command *c, text *line)
{
  *c = (struct pop3_command){ .argument = "" };
  if (memchr(text_string(line), 0, line->len)) return refuse(c, "a NUL is in no command");
  size_t verb = strcspn(line->s, " ");
  return find_verb(c, line->s, verb) && take_arguments(c, line->s + verb);
}
