#include <string.h>
#include <unistd.h>

#include "sendmail/options.h"

enum { ENVID_MAX = 100 }; /* RFC 3461 4.4 */

/* What is taken and means nothing here, or is refused with a sentence; the rest is in take. */
struct other_option {
  int letter;
  const char *refusal; /* 0: taken and ignored */
};
static const struct other_option others[] = {
  { 'A', 0 }, /* -Am, -Ac: which .cf file */
  { 'C', "-C: there is no such file: the settings are in control/ of the home that MAILHOME names" },
  { 'G', 0 }, /* a message that is passed on; nothing is rewritten anyway */
  { 'L', 0 }, /* a name for syslog */
  { 'O', 0 }, /* option=value */
  { 'T', 0 }, /* a time-out */
  { 'U', 0 }, /* a first submission */
  { 'X', 0 }, /* a file for the dialogue; -v shows it */
  { 'c', 0 }, { 'd', 0 }, { 'e', 0 }, { 'h', 0 }, { 'm', 0 }, { 'n', 0 }, { 'p', 0 }, { 's', 0 }
};

static bool refuse(text *error, const char *sentence)
{
  text_add(error, sentence);
  return false;
}

static bool take_mode(struct sendmail_options *o, const char *value, text *error)
{
  static const char modes[] = "m" "v" "s" "p" "i";
  static const enum sendmail_mode mode_of[] = { SENDMAIL_SEND, SENDMAIL_VERIFY, SENDMAIL_SESSION, SENDMAIL_LIST, SENDMAIL_ALIASES };
  const char *found = *value && !value[1] ? strchr(modes, *value) : 0;

  if (found) {
    o->mode = mode_of[found - modes];
    return true;
  }
  if (!strcmp(value, "d") || !strcmp(value, "D") || !strcmp(value, "l"))
    return refuse(error, "-bd, -bD, -bl: the servers are started by s6 (quickstart --start), not by sendmail");
  if (!strcmp(value, "h") || !strcmp(value, "H"))
    return refuse(error, "-bh, -bH: there is no host status to show or to purge; mailq says what each host answered last");
  text_add_format(error, "-b%.20s: the modes are -bm, -bs, -bv, -bp and -bi", value);
  return false;
}

static bool is_notify_word(const char *word, size_t length)
{
  return (length == 7 && (bytes_are_nocase(word, "success", 7) || bytes_are_nocase(word, "failure", 7))) ||
         (length == 5 && bytes_are_nocase(word, "delay", 5));
}

static bool take_notify(struct sendmail_options *o, const char *value, text *error)
{
  const char *word = value;
  bool good = string_is_nocase(value, "never");

  while (!good) {
    size_t length = strcspn(word, ",");
    if (!is_notify_word(word, length)) return refuse(error, "-N takes never, or some of success,failure,delay with commas");
    good = !word[length];
    word += length + 1;
  }
  o->notify = value;
  return true;
}

static bool take_envid(struct sendmail_options *o, const char *value, text *error)
{
  if (!*value || strlen(value) > ENVID_MAX) return refuse(error, "-V takes an envelope id of 1 to 100 bytes");
  for (const char *c = value; *c; c++)
    if (!ascii_is_printable(*c)) return refuse(error, "-V takes printable ASCII");
  o->envid = value;
  return true;
}

static bool take_ret(struct sendmail_options *o, const char *value, text *error)
{
  if (!string_is_nocase(value, "full") && !string_is_nocase(value, "hdrs")) return refuse(error, "-R takes full or hdrs");
  o->ret = string_is_nocase(value, "full") ? "FULL" : "HDRS";
  return true;
}

static bool take_body(struct sendmail_options *o, const char *value, text *error)
{
  if (!string_is_nocase(value, "7bit") && !string_is_nocase(value, "8bitmime")) return refuse(error, "-B takes 7BIT or 8BITMIME");
  o->body = string_is_nocase(value, "7bit") ? "7BIT" : "8BITMIME";
  return true;
}

/* "-q", "-qIID"; "-q15m" was for a daemon. */
static bool take_flush(struct sendmail_options *o, const char *value, text *error)
{
  o->mode = SENDMAIL_FLUSH;
  if (!value) return true;
  if (*value == 'I' && value[1]) {
    o->flush_id = value + 1;
    return true;
  }
  return refuse(error, *value == 'R' || *value == 'S'
                         ? "-qR, -qS: the queue is not picked by site; sendmail -q tries all, sendmail -qIID one message"
                         : "-q with a time: the queue runs by itself; sendmail -q tries all now");
}

/* -oi, -o7, -o8; the others mean nothing here. */
static bool take_old(struct sendmail_options *o, const char *value, text *error)
{
  if (*value == 'A') return refuse(error, "-oA: there is no file of aliases; addresses are in the directory and in control/addresses");
  if (!strcmp(value, "i")) o->ignores_dots = true;
  if (!strcmp(value, "7")) o->body = "7BIT";
  if (!strcmp(value, "8")) o->body = "8BITMIME";
  return true;
}

static bool take_other(int letter, text *error)
{
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (others[i].letter == letter) return others[i].refusal ? refuse(error, others[i].refusal) : true;
  text_add_format(error, "-%c is not known, or its value is missing; doc/mail-inject.md lists all options", optopt);
  return false;
}

static bool take(struct sendmail_options *o, int letter, const char *value, text *error)
{
  switch (letter) {
  case 'B': return take_body(o, value, error);
  case 'F': o->full_name = value; return true;
  case 'I': o->mode = SENDMAIL_ALIASES; return true;
  case 'N': return take_notify(o, value, error);
  case 'R': return take_ret(o, value, error);
  case 'V': return take_envid(o, value, error);
  case 'b': return take_mode(o, value, error);
  case 'f':
  case 'r': o->sender = value; return true;
  case 'i': o->ignores_dots = true; return true;
  case 'o': return take_old(o, value, error);
  case 'q': return take_flush(o, value, error);
  case 't': o->reads_recipients = true; return true;
  case 'v': o->is_verbose = true; return true;
  default: return take_other(letter, error);
  }
}

bool sendmail_options_parse(struct sendmail_options *o, const char *name, int argc, char *const *argv, text *error)
{
  *o = (struct sendmail_options){ .mode = SENDMAIL_SEND };
  if (!strcmp(name, "mailq")) o->mode = SENDMAIL_LIST;
  if (!strcmp(name, "newaliases")) o->mode = SENDMAIL_ALIASES;
  opterr = 0;
  optind = 0; /* anew, also for a second command line */
  for (int letter; (letter = getopt(argc, argv, "+:A:B:C:F:GIL:N:O:R:T:UV:X:b:cd::e:f:h:imno:p:q::r:s:tv")) != -1;)
    if (!take(o, letter, optarg, error)) return false;
  o->recipients = (const char *const *)argv + optind;
  for (const char *const *r = o->recipients; *r; r++)
    if (**r == '-') return refuse(error, "options stand before the recipients, and no recipient begins with '-'");
  return true;
}
