/* The IMAP command grammar: each command as a line that shows what was understood, or the error that BAD says. */

#include <stdlib.h>
#include <string.h>

#include "imap/command.h"
#include "imap/parse.h"
#include "lib/text.h"
#include "tests/check.h"

static void show_key(text *out, const struct imap_search_key *key)
{
  static const char *const kinds[] = { "and", "or", "not", "all", "seq", "uid", "flags", "keyword", "before", "on",
                                       "since", "sentbefore", "senton", "sentsince", "larger", "smaller", "header",
                                       "body", "text" };
  for (; key; key = key->next) {
    text_add(out, " ");
    text_add(out, kinds[key->kind]);
    if (key->kind == IMAP_SEARCH_LARGER || key->kind == IMAP_SEARCH_SMALLER || key->kind == IMAP_SEARCH_FLAGS)
      text_add_format(out, "=%u", (unsigned int)key->number);
    if (key->kind >= IMAP_SEARCH_BEFORE && key->kind <= IMAP_SEARCH_SENTSINCE) text_add_format(out, "=%d", key->day);
    if (key->field) text_add_format(out, "=%s", key->field);
    if (key->string) text_add_format(out, "=%s", key->string);
    if (key->sequence.count) text_add_char(out, '=');
    imap_sequence_format(&key->sequence, out);
    if (key->first) {
      text_add(out, " (");
      show_key(out, key->first);
      text_add(out, " )");
    }
  }
}

static void show_flags(text *out, const struct imap_flags *flags)
{
  text_add_format(out, " flags=%u", flags->system);
  for (size_t i = 0; i < flags->keyword_count; i++) text_add_format(out, ",%s", flags->keywords[i]);
}

static void show_strings(text *out, const struct imap_command *c)
{
  const char *strings[] = { c->mailbox, c->renamed, c->login, c->password, c->mechanism,
                            c->initial, c->reference, c->pattern, c->charset };
  for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
    if (strings[i]) text_add_format(out, " '%s'", strings[i]);
  for (size_t i = 0; i < c->id_count; i++) text_add_format(out, " %s=%s", c->id[i].field, c->id[i].value ? c->id[i].value : "NIL");
}

static void show_item(text *out, const struct imap_fetch_item *item)
{
  text_add_format(out, " %s%s", item->label, item->sets_seen ? "!" : "");
  if (item->section.is_partial) text_add_format(out, ".%u", (unsigned int)item->section.count);
}

static const char *show(struct imap_command *c, const char *bytes, size_t length, text *out)
{
  text_clear(out);
  if (!imap_command_parse(c, bytes, length)) {
    text_add_format(out, "%s BAD %s", c->tag, text_string(&c->error));
    return text_string(out);
  }
  text_add_format(out, "%s %s%s", c->tag, c->by_uid ? "UID " : "", c->name);
  show_strings(out, c);
  if (c->sequence.count) text_add_char(out, ' ');
  imap_sequence_format(&c->sequence, out);
  if (c->verb == IMAP_STORE || c->verb == IMAP_APPEND) show_flags(out, &c->flags);
  if (c->verb == IMAP_STORE) text_add_format(out, " mode=%d%s", c->store_mode, c->is_silent ? " silent" : "");
  if (c->has_date) text_add_format(out, " date=%lld", (long long)c->date_seconds);
  if (c->verb == IMAP_APPEND) text_add_format(out, " size=%u", (unsigned int)c->literal_size);
  if (c->verb == IMAP_STATUS) text_add_format(out, " status=%u", c->status);
  for (size_t i = 0; i < c->item_count; i++) show_item(out, &c->items[i]);
  if (c->search) show_key(out, c->search->first);
  return text_string(out);
}

static const struct { const char *what, *command, *shown; } cases[] = {
  { "a command without arguments", "a1 NOOP", "a1 NOOP" },
  { "commands are known in any case", "a1 capaBILITY", "a1 CAPABILITY" },
  { "a tag may have ] but no +", "a]+ NOOP", "* BAD expected a tag, a space and a command where \"a]+ NOOP\" stands" },
  { "an empty line is BAD without a tag", "", "* BAD expected a tag, a space and a command at the end of the command" },
  { "a tag alone", "a1", "* BAD expected a tag, a space and a command where \"a1\" stands" },
  { "an unknown command", "a1 XYZZY", "a1 BAD expected a command where \"XYZZY\" stands" },
  { "an argument too many", "a1 NOOP x", "a1 BAD expected the end of the command where \" x\" stands" },
  { "a trailing space is too much", "a1 NOOP ", "a1 BAD expected the end of the command where \" \" stands" },
  { "what stands there is shown without control bytes", "a1 NOOP\x01\xff", "a1 BAD expected the end of the command where \"??\" stands" },

  { "LOGIN with atoms", "a1 LOGIN bob secret", "a1 LOGIN 'bob' 'secret'" },
  { "N-97: a master's name as an atom", "a1 LOGIN john*master secret", "a1 LOGIN 'john*master' 'secret'" },
  { "a password is not said again", "a1 LOGIN bob my secret", "a1 BAD expected the end of the command" },
  { "an atom of an astring may have ]", "a1 LOGIN bob] [x]", "a1 LOGIN 'bob]' '[x]'" },
  { "a quoted string has two escapes", "a1 LOGIN \"b\\\"o\\\\b\" \"\"", "a1 LOGIN 'b\"o\\b' ''" },
  { "another escape is BAD", "a1 LOGIN \"b\\ob\" x", "a1 BAD expected a quoted string that ends" },
  { "an open quoted string is BAD", "a1 LOGIN \"bob", "a1 BAD expected a quoted string that ends" },
  { "a quoted string that ends in an escape is BAD", "a1 LOGIN \"bob\\", "a1 BAD expected a quoted string that ends" },
  { "literals of both kinds", "a1 LOGIN {3}\r\nb\"b {2+}\r\n\r\n", "a1 LOGIN 'b\"b' '\r\n'" },
  { "an empty literal", "a1 LOGIN {0}\r\n x", "a1 LOGIN '' 'x'" },
  { "a password in 8-bit, quoted", "a1 LOGIN bob \"gr\xc3\xbc\xc3\x9f\"", "a1 LOGIN 'bob' 'gr\xc3\xbc\xc3\x9f'" },
  { "an atom in 8-bit is BAD", "a1 LOGIN bob gr\xc3\xbc", "a1 BAD expected the end of the command" },
  { "a literal shorter than announced", "a1 LOGIN {4}\r\nbob", "a1 BAD expected a literal without NUL" },
  { "a literal over 2^32 (check 41)", "a1 LOGIN {4294967296}\r\nx", "a1 BAD expected a literal without NUL" },
  { "a literal over 2^64 (check 41)", "a1 LOGIN {18446744073709551617}\r\nx", "a1 BAD expected a literal without NUL" },
  { "a negative literal (check 41)", "a1 LOGIN {-1}\r\nx", "a1 BAD expected a literal without NUL" },
  { "AUTHENTICATE", "a1 AUTHENTICATE plain", "a1 AUTHENTICATE 'PLAIN'" },
  { "AUTHENTICATE with an initial response", "a1 AUTHENTICATE PLAIN AGJvYgBz=", "a1 AUTHENTICATE 'PLAIN' 'AGJvYgBz='" },
  { "an empty initial response", "a1 AUTHENTICATE EXTERNAL =", "a1 AUTHENTICATE 'EXTERNAL' '='" },
  { "no initial response after the space", "a1 AUTHENTICATE PLAIN ", "a1 BAD expected a response in BASE64 at the end of the command" },

  { "INBOX in any case is INBOX", "a1 SELECT inBox", "a1 SELECT 'INBOX'" },
  { "another mailbox as it is", "a1 EXAMINE \"Sent Items\"", "a1 EXAMINE 'Sent Items'" },
  { "RENAME has two names", "a1 RENAME a {3}\r\nb c", "a1 RENAME 'a' 'b c'" },
  { "a wildcard is no mailbox", "a1 CREATE a*", "a1 BAD expected the end of the command where \"*\" stands" },
  { "LIST", "a1 LIST \"\" *", "a1 LIST '' '*'" },
  { "LSUB with a pattern of list characters", "a1 LSUB ref a/%*b]", "a1 LSUB 'ref' 'a/%*b]'" },
  { "LIST of the separator", "a1 LIST \"\" \"\"", "a1 LIST '' ''" },
  { "LIST options are not offered", "a1 LIST (SPECIAL-USE) \"\" *",
    "a1 BAD expected a reference name (selection options are not offered) where \"(SPECIAL-USE) \"\" *\" stands" },
  { "STATUS", "a1 STATUS inbox (MESSAGES UNSEEN uidnext)", "a1 STATUS 'INBOX' status=21" },
  { "STATUS of nothing", "a1 STATUS x ()", "a1 BAD expected MESSAGES, RECENT, UIDNEXT, UIDVALIDITY or UNSEEN where \")\" stands" },
  { "STATUS with a space too many", "a1 STATUS x (MESSAGES )", "a1 BAD expected MESSAGES, RECENT, UIDNEXT, UIDVALIDITY or UNSEEN where \")\" stands" },
  { "APPEND of a message", "a1 APPEND Sent {310}", "a1 APPEND 'Sent' flags=0 size=310" },
  { "APPEND with flags and date", "a1 APPEND \"a b\" (\\Seen $Work \\flagged) \"17-Jul-1996 02:44:25 -0700\" {5+}",
    "a1 APPEND 'a b' flags=5,$Work date=837596665 size=5" },
  { "APPEND with a day of one digit", "a1 APPEND a () \" 1-Feb-1970 00:00:00 +0000\" {5}", "a1 APPEND 'a' flags=0 date=2678400 size=5" },
  { "APPEND with a mailbox as a literal", "a1 APPEND {1}\r\na {5}", "a1 APPEND 'a' flags=0 size=5" },
  { "APPEND with a bad date", "a1 APPEND a \"31-Feb-1970 00:00:00 +0000\" {5}",
    "a1 BAD expected a date-time like \"01-Feb-2024 03:04:05 +0000\" before the place where \" {5}\" stands" },
  { "APPEND of \\Recent is BAD", "a1 APPEND a (\\Recent) {5}",
    "a1 BAD expected \\Seen, \\Answered, \\Flagged, \\Deleted, \\Draft or a keyword where \"\\Recent) {5}\" stands" },
  { "APPEND over 2^32", "a1 APPEND a {4294967296}", "a1 BAD expected a number up to 4294967295 where \"4294967296}\" stands" },

  { "ID NIL", "a1 ID NIL", "a1 ID" },
  { "ID of nothing", "a1 ID ()", "a1 ID" },
  { "ID", "a1 ID (\"name\" \"mutt\" \"os\" NIL)", "a1 ID name=mutt os=NIL" },
  { "ID without a value", "a1 ID (\"name\")", "a1 BAD expected a space where \")\" stands" },

  { "a set keeps its order and *", "a1 COPY 5,1:3,*:9 Trash", "a1 COPY 'Trash' 5,1:3,*:9" },
  { "a number of a set is not 0", "a1 COPY 0 Trash", "a1 BAD expected a set of numbers from 1 to 4294967295 where \"0 Trash\" stands" },
  { "a number of a set over 2^32 (check 43)", "a1 COPY 1:4294967296 T", "a1 BAD expected a set of numbers from 1 to 4294967295 where \"1:4294967296 T\" stands" },
  { "the highest number of a set", "a1 COPY 1:4294967295 T", "a1 COPY 'T' 1:4294967295" },
  { "a set that ends in a comma", "a1 COPY 1, T", "a1 BAD expected a set of numbers from 1 to 4294967295 where \"1, T\" stands" },
  { "UID MOVE", "a1 UID MOVE 4:* Archive", "a1 UID MOVE 'Archive' 4:*" },
  { "EXPUNGE has no set", "a1 EXPUNGE", "a1 EXPUNGE" },
  { "EXPUNGE with a set is BAD", "a1 EXPUNGE 1", "a1 BAD expected the end of the command where \" 1\" stands" },
  { "UID EXPUNGE has one (UIDPLUS)", "a1 UID EXPUNGE 1:2", "a1 UID EXPUNGE 1:2" },
  { "UID NOOP is none", "a1 UID NOOP", "a1 BAD expected COPY, EXPUNGE, FETCH, MOVE, SEARCH or STORE after UID where \"NOOP\" stands" },
  { "STORE", "a1 STORE 1:2 +FLAGS (\\Deleted Work)", "a1 STORE 1:2 flags=8,Work mode=1" },
  { "STORE without parentheses, silent", "a1 UID STORE 7 -flags.silent \\Seen \\Draft", "a1 UID STORE 7 flags=17 mode=2 silent" },
  { "STORE of no flags", "a1 STORE 1 FLAGS ()", "a1 STORE 1 flags=0 mode=0" },
  { "a keyword counts once", "a1 STORE 1 FLAGS (b A B a)", "a1 STORE 1 flags=0,A,b mode=0" },
  { "a keyword with a control byte is BAD (check 46)", "a1 STORE 1 FLAGS (a\x02)", "a1 BAD expected \")\" where \"?)\" stands" },
  { "a keyword with a newline is BAD (check 46)", "a1 STORE 1 FLAGS ({3}\r\na\nb)", "a1 BAD expected a flag where \"{3}??a?b)\" stands" },
  { "STORE of something else", "a1 STORE 1 +LABELS x", "a1 BAD expected FLAGS, +FLAGS or -FLAGS, each perhaps with .SILENT where \"+LABELS x\" stands" },

  { "FETCH of one thing", "a1 FETCH 1 flags", "a1 FETCH 1 FLAGS" },
  { "FAST", "a1 FETCH 1 FAST", "a1 FETCH 1 FLAGS INTERNALDATE RFC822.SIZE" },
  { "ALL", "a1 FETCH 1 ALL", "a1 FETCH 1 FLAGS INTERNALDATE RFC822.SIZE ENVELOPE" },
  { "FULL", "a1 FETCH 1 full", "a1 FETCH 1 FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY" },
  { "a macro stands alone", "a1 FETCH 1 (FAST)", "a1 BAD expected something to fetch where \"FAST)\" stands" },
  { "UID FETCH shows the UID, once", "a1 UID FETCH 1 (FLAGS UID FLAGS)", "a1 UID FETCH 1 UID FLAGS" },
  { "the old names set \\Seen but for the header", "a1 FETCH 1 (RFC822 RFC822.HEADER RFC822.TEXT RFC822.SIZE)",
    "a1 FETCH 1 RFC822! RFC822.HEADER RFC822.TEXT! RFC822.SIZE" },
  { "BODY[] and BODY.PEEK[]", "a1 FETCH 1 (BODY[] body.peek[] BODY BODYSTRUCTURE)", "a1 FETCH 1 BODY[]! BODY[] BODY BODYSTRUCTURE" },
  { "a part, its header, its text", "a1 FETCH 1 (BODY[1] BODY[4.2.MIME] BODY[3.HEADER] BODY[TEXT])",
    "a1 FETCH 1 BODY[1]! BODY[4.2.MIME]! BODY[3.HEADER]! BODY[TEXT]!" },
  { "fields are named as they were asked", "a1 FETCH 1 BODY.PEEK[1.HEADER.FIELDS (Date \"fro m\")]", "a1 FETCH 1 BODY[1.HEADER.FIELDS (Date \"fro m\")]" },
  { "fields, all but these", "a1 FETCH 1 BODY[HEADER.FIELDS.NOT (DATE)]<7.9>", "a1 FETCH 1 BODY[HEADER.FIELDS.NOT (DATE)]<7>!.9" },
  { "a partial", "a1 FETCH 1 BODY[]<0.4294967295>", "a1 FETCH 1 BODY[]<0>!.4294967295" },
  { "a partial over 2^32 (check 44)", "a1 FETCH 1 BODY[]<4294967296.1>", "a1 BAD expected a number up to 4294967295 where \"4294967296.1>\" stands" },
  { "a partial over 2^64 (check 44)", "a1 FETCH 1 BODY[]<1.18446744073709551616>", "a1 BAD expected a number up to 4294967295 where \"18446744073709551616\" stands" },
  { "a partial of nothing", "a1 FETCH 1 BODY[]<0.0>", "a1 BAD expected a number from 1 to 4294967295 where \"0>\" stands" },
  { "a partial without a count", "a1 FETCH 1 BODY[]<0>", "a1 BAD expected \".\" where \">\" stands" },
  { "MIME is of a part", "a1 FETCH 1 BODY[MIME]", "a1 BAD expected a part's number before MIME where \"MIME]\" stands" },
  { "a part is not 0", "a1 FETCH 1 BODY[1.0]", "a1 BAD expected a part's number from 1 to 4294967295 where \"0]\" stands" },
  { "a part ends with a number", "a1 FETCH 1 BODY[1.]", "a1 BAD expected HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT, TEXT or MIME where \"]\" stands" },
  { "no fields", "a1 FETCH 1 BODY[HEADER.FIELDS ()]", "a1 BAD expected a header field's name where \")]\" stands" },
  { "an open bracket", "a1 FETCH 1 BODY[", "a1 BAD expected \"]\" at the end of the command" },
  { "nothing to fetch", "a1 FETCH 1 ()", "a1 BAD expected something to fetch where \")\" stands" },

  { "SEARCH ALL", "a1 SEARCH ALL", "a1 SEARCH all" },
  { "SEARCH of flags", "a1 SEARCH UNSEEN NEW OLD DRAFT", "a1 SEARCH not ( flags=1 ) and ( flags=32 not ( flags=1 ) ) not ( flags=32 ) flags=16" },
  { "SEARCH of sets", "a1 UID SEARCH 1:* UID 5,9", "a1 UID SEARCH seq=1:* uid=5,9" },
  { "SEARCH of a character set", "a1 SEARCH CHARSET utf-8 SUBJECT {2}\r\n\xc3\xbc", "a1 SEARCH 'utf-8' header=Subject=\xc3\xbc" },
  { "SEARCH of fields", "a1 SEARCH FROM a TO b CC c BCC d HEADER X-Y \"\"",
    "a1 SEARCH header=From=a header=To=b header=Cc=c header=Bcc=d header=X-Y=" },
  { "SEARCH of dates", "a1 SEARCH ON 1-Jan-1970 SENTSINCE \"02-Jan-1970\" BEFORE 31-Dec-1969", "a1 SEARCH on=0 sentsince=1 before=-1" },
  { "SEARCH of a day that is not", "a1 SEARCH ON 30-Feb-2024", "a1 BAD expected a date like 1-Feb-2024 where \"30-Feb-2024\" stands" },
  { "SEARCH with OR and NOT", "a1 SEARCH OR SEEN (NOT TEXT x LARGER 10) SMALLER 4294967295",
    "a1 SEARCH or ( flags=1 and ( not ( text=x ) larger=10 ) ) smaller=4294967295" },
  { "SEARCH KEYWORD", "a1 SEARCH KEYWORD $Work UNKEYWORD b BODY {1+}\r\nz", "a1 SEARCH keyword=$Work not ( keyword=b ) body=z" },
  { "SEARCH of nothing", "a1 SEARCH", "a1 BAD expected a space at the end of the command" },
  { "SEARCH of nothing in parentheses", "a1 SEARCH ()", "a1 BAD expected a search key where \")\" stands" },
  { "SEARCH with an open parenthesis", "a1 SEARCH (ALL", "a1 BAD expected \")\" at the end of the command" },
  { "SEARCH OR with one key", "a1 SEARCH OR ALL", "a1 BAD expected a space at the end of the command" },
};

static void repeated(struct imap_command *c, const char *what, const char *begin, const char *piece, const char *end,
                     unsigned int count, bool good)
{
  text command = TEXT_ZERO;

  text_add(&command, begin);
  for (unsigned int i = 0; i < count; i++) text_add(&command, piece);
  text_add(&command, end);
  check(imap_command_parse(c, command.s, command.len) == good, what);
  text_free(&command);
}

int main(void)
{
  struct imap_command c = IMAP_COMMAND_ZERO;
  text out = TEXT_ZERO;

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    check_is(show(&c, cases[i].command, strlen(cases[i].command), &out), cases[i].shown, cases[i].what);

  check_is(show(&c, "a1 LOGIN {3}\r\na\0b c", 19, &out), "a1 BAD expected a literal without NUL",
           "a NUL in a literal is BAD");
  check(!imap_command_parse(&c, "a1 LOGIN \"a\0b\" c", 16), "a NUL in a quoted string is BAD");
  check(!imap_command_parse(&c, "a1 NO\0OP", 8), "a NUL in a word is BAD");

  repeated(&c, "100,000 open parentheses are BAD (check 42)", "a SEARCH ", "(", "ALL", 100000, false);
  repeated(&c, "100,000 NOT are BAD (check 42)", "a SEARCH ", "NOT ", "ALL", 100000, false);
  repeated(&c, "100,000 OR are BAD (check 42)", "a SEARCH ", "OR ALL ", "ALL", 100000, false);
  repeated(&c, "90 NOT are understood", "a SEARCH ", "NOT ", "ALL", 90, true);
  repeated(&c, "100,000 members of a set are understood (check 43)", "a COPY 1", ",7:5", " T", 100000, true);
  check(c.sequence.count == 100001, "all members are there");
  imap_sequence_resolve(&c.sequence, 9);
  check(c.sequence.count == 2 && c.sequence.ranges[1].first == 5 && c.sequence.ranges[1].last == 7,
        "the same member 100,000 times is one range");
  repeated(&c, "10,000 keywords are understood", "a STORE 1 FLAGS (x", " y", ")", 10000, true);
  check(c.flags.keyword_count == 2, "and the same counts once");
  imap_command_free(&c);
  text_free(&out);
  return check_done();
}
