/* wording, explain, language: the words of a report, their files and their languages: what a file may say, what is filled in,
   what each action and status says, which language somebody reads; all shipped texts. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/words2047.h"
#include "send/explain.h"
#include "lib/language.h"
#include "send/status.h"
#include "tests/check.h"

static const struct file {
  const char *what;
  enum send_wording_kind kind;
  const char *bytes, *error; /* 0: it is good */
} files[] = {
  { "a kind", SEND_WORDING_FAILURE, "Subject: s\n\nx {recipients}\n", 0 },
  { "CRLF, any case of the field, blanks", SEND_WORDING_FAILURE, "SUBJECT:  s  \r\nsubject-some: t\r\n\r\n{recipients}  \r\n\r\n\r\n", 0 },
  { "no end of the last line", SEND_WORDING_DELAY, "Subject: s\n\n{recipients} {until}", 0 },
  { "braces that are no placeholder", SEND_WORDING_FAILURE, "Subject: s\n\n{ {} {X} {recipients} }", 0 },
  { "an empty file", SEND_WORDING_FAILURE, "", "Subject is missing, or too long" },
  { "no Subject", SEND_WORDING_FAILURE, "\n{recipients}\n", "Subject is missing, or too long" },
  { "an empty one", SEND_WORDING_FAILURE, "Subject:\n\n{recipients}\n", "Subject is missing, or too long" },
  { "another field", SEND_WORDING_FAILURE, "Subject: s\nBcc: x\n\n{recipients}\n", "in front of the first empty line stand Subject and Subject-Some" },
  { "no {recipients}", SEND_WORDING_FAILURE, "Subject: s\n\nx\n", "{recipients} is missing" },
  { "no {text}", SEND_WORDING_FRAME, "x\n", "{text} is missing" },
  { "a frame", SEND_WORDING_FRAME, "{host}\n{text}\n{id} {sender} {arrived}", 0 },
  { "a placeholder of another kind", SEND_WORDING_FAILURE, "Subject: s\n\n{recipients}{until}", "a placeholder that does not belong here" },
  { "an unknown one", SEND_WORDING_FAILURE, "Subject: s\n\n{recipients}{recipient}", "a placeholder that does not belong here" },
  { "not UTF-8", SEND_WORDING_FAILURE, "Subject: s\n\n{recipients}\xfc", "not UTF-8, or a control character" },
  { "a control character", SEND_WORDING_FAILURE, "Subject: s\x07\n\n{recipients}", "not UTF-8, or a control character" },
  { "CR inside a line", SEND_WORDING_FAILURE, "Subject: s\rBcc: x\n\n{recipients}", "not UTF-8, or a control character" },
  { "words", SEND_WORDING_WORDS, "# a comment\n\n5.1.1 a\n5.1 b\n5 c\nsaid {remote}:\nwhole x\n", 0 },
  { "words without a key", SEND_WORDING_WORDS, "nonsense\n", "a line that is no key with its words" },
  { "words of an unknown key", SEND_WORDING_WORDS, "hello x\n", "a line that is no key with its words" },
  { "words of a bad status", SEND_WORDING_WORDS, "5..1 x\n", "a line that is no key with its words" },
  { "words with a placeholder that they do not have", SEND_WORDING_WORDS, "5 {host}\n", "a placeholder that does not belong here" },
};

static void check_files(void)
{
  struct send_wording w = SEND_WORDING_ZERO;
  text line = TEXT_ZERO;
  const char *error;

  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    error = 0;
    bool good = send_wording_parse(&w, files[i].kind, files[i].bytes, strlen(files[i].bytes), &error);
    check(good == !files[i].error && (good || !strcmp(error, files[i].error)), files[i].what);
  }
  text_add(&line, "Subject: s\n\n{recipients}\n");
  while (line.len < SEND_WORDING_LINE_MAX + 30) text_add_char(&line, 'x');
  check(!send_wording_parse(&w, SEND_WORDING_FAILURE, line.s, line.len, &error) && !strcmp(error, "a line is longer than 900 bytes"), "a long line");
  while (line.len <= SEND_WORDING_MAX) text_add(&line, "\nx");
  check(!send_wording_parse(&w, SEND_WORDING_FAILURE, line.s, line.len, &error) && !strcmp(error, "longer than 32768 bytes"), "a long file");
  send_wording_free(&w);
  text_free(&line);
}

static bool read_text(const char *language, enum send_wording_kind kind, text *bytes)
{
  text path = TEXT_ZERO;
  text_add_format(&path, "send/texts/%s/%s", language, send_wording_names[kind]);
  FILE *file = fopen(text_string(&path), "r");
  char part[4096];
  size_t length = 0;

  text_clear(bytes);
  while (file && (length = fread(part, 1, sizeof part, file))) text_add_bytes(bytes, part, length);
  if (file) fclose(file);
  text_free(&path);
  return file && bytes->len;
}

/* A translation has all keys of the English one. */
static bool has_all_words(const struct send_wording *w, const struct send_wording *english)
{
  size_t at = 0, mine = 0, count = 0, found = 0;
  const char *key;

  for (; at < english->body.len; at += strlen(english->body.s + at) + 1, at += strlen(english->body.s + at) + 1) {
    key = english->body.s + at;
    count++;
    for (mine = 0; mine < w->body.len; mine += strlen(w->body.s + mine) + 1, mine += strlen(w->body.s + mine) + 1)
      found += !strcmp(w->body.s + mine, key);
  }
  return count && found == count;
}

static void check_shipped(void)
{
  static const char *const languages[] = { "en", "de", "es", "fr", "it" };
  struct send_wordings english;
  text bytes = TEXT_ZERO, what = TEXT_ZERO;

  send_wordings_use_english(&english);
  for (size_t l = 0; l < sizeof languages / sizeof *languages; l++)
    for (int kind = 0; kind < SEND_WORDINGS; kind++) {
      struct send_wording w = SEND_WORDING_ZERO;
      const char *error = "it is missing";
      bool good = read_text(languages[l], (enum send_wording_kind)kind, &bytes) &&
                  send_wording_parse(&w, (enum send_wording_kind)kind, bytes.s, bytes.len, &error);
      if (good && kind == SEND_WORDING_WORDS) good = has_all_words(&w, &english.of[kind]);
      if (good && !strcmp(languages[l], "en")) good = !strcmp(text_string(&bytes), send_wording_english((enum send_wording_kind)kind));
      text_clear(&what);
      text_add_format(&what, "send/texts/%s/%s is whole%s", languages[l], send_wording_names[kind], l ? "" : ", and what is built in");
      check(good, text_string(&what));
      send_wording_free(&w);
    }
  send_wordings_free(&english);
  text_free(&bytes);
  text_free(&what);
}

static void use(struct send_wording *w, enum send_wording_kind kind, const char *bytes)
{
  const char *error;
  if (!send_wording_parse(w, kind, bytes, strlen(bytes), &error)) printf("# %s\n", error);
}

static void check_explained(void)
{
  struct said said = { .seconds = 1700000000, .attempt = 1, .verdict = SAID_NEVER, .code = 550 };
  struct send_wordings w;
  text out = TEXT_ZERO;

  send_wordings_use_english(&w);
  w.language = "de";
  use(&w.of[SEND_WORDING_FAILURE], SEND_WORDING_FAILURE, "Subject: Nein\nSubject-Some: Teils\n\nAn:\n{recipients}\n{attached} {until_} {host}\n");
  use(&w.of[SEND_WORDING_WORDS], SEND_WORDING_WORDS, "5.1 Adresse für {remote} falsch\nsaid {remote}:\n");
  text_add(&said.status, "5.1.9"), text_string(&said.status);
  text_add(&said.remote, "m{id}x [192.0.2.1]"), text_string(&said.remote);
  text_add(&said.text, "nein\r\nBcc: x {recipients} \xc3\xbc"), text_string(&said.text);
  struct send_report_recipient recipients[] = { { .address = "a@x.test", .said = &said }, { .address = "b{id}@x.test", .action = SEND_REPORT_DELIVERED, .is_here = true } };
  struct send_report r = { .host = "h.test", .from = "f@h.test", .to = "ann@x.test", .id = "i", .message = "m1", .message_id = "", .envid = "", .wordings = &w,
                           .header = "", .recipients = recipients, .count = 1, .custom = "Call us.\n" };
  send_explain(&r, &out);
  check_is(text_string(&out), "This is the mail system of h.test.\n\nAn:\n  a@x.test\n    Adresse für {remote} falsch\n    m{id}x [192.0.2.1]:\n"
           "    550 nein??Bcc: x {recipients} \xc3\xbc\nThe header of the message is attached. {until_} h.test\n\nCall us.\n\n"
           "If you ask about it, please give this number: m1\n", "one's own words; what is filled in is filled in once; custombouncetext");
  check_is(send_explain_subject(&r), "Nein", "its subject");
  r.count = 2;
  check_is(send_explain_subject(&r), "Teils", "... if it is about others, too");
  recipients[0].action = SEND_REPORT_RELAYED;
  text_clear(&out);
  send_explain(&r, &out);
  check(strstr(text_string(&out), "b{id}@x.test\n    It was put into the mailbox.") && strstr(out.s, "passed on, as you wanted to know, for:\n\n  a@x.test\n    The next mail") &&
        !strstr(out.s, "Call us"), "what a text does not have is English; no custombouncetext where nothing failed");
  check_is(send_explain_subject(&r), "Your message was delivered", "... the subject of the first");
  recipients[0].action = SEND_REPORT_FAILED;
  recipients[0].said = 0;
  r.count = 1;
  r.is_to_postmaster = r.is_full = true;
  text_clear(&out);
  send_explain(&r, &out);
  check(strstr(text_string(&out), "as postmaster.\nIt was for:\n\n  a@x.test\n    Why is not known any more.\n\nIt is not tried again. The message is attached.\n"), "a double bounce");
  check_is(send_explain_subject(&r), "A message could be neither delivered nor returned", "... its subject");
  said_free(&said);
  send_wordings_free(&w);
  text_free(&out);
}

static void check_status(void)
{
  struct said said = { .seconds = 1700000000, .attempt = 1, .verdict = SAID_NEVER, .code = 550 };
  struct send_report_recipient recipients[] = { { .address = "j\xc3\xb6rg@x.test", .said = &said, .original = "utf-8;b\xc3\xbc" "cher@x.test" },
                                                { .address = "here@x.test", .action = SEND_REPORT_DELIVERED, .is_here = true, .said = &said } };
  struct send_report r = { .host = "h.test", .to = "ann@x.test", .message = "m1", .message_id = "", .envid = "", .received_from = "mx.far.test (192.0.2.7)",
                           .recipients = recipients, .count = 2 };
  text out = TEXT_ZERO;

  text_add(&said.remote, "/new/x.y"), text_string(&said.remote);
  text_string(&said.status), text_string(&said.text);
  send_status_add(&r, &out);
  check(strstr(text_string(&out), "Reporting-MTA: dns; h.test\r\nReceived-From-MTA: dns; mx.far.test (192.0.2.7)\r\nArrival-Date: "), "RFC 3464 2.2.4: Received-From-MTA");
  check(strstr(out.s, "Final-Recipient: rfc822;here@x.test\r\nAction: delivered\r\nStatus: 2.0.0\r\nLast-Attempt-Date: Tue, 14 Nov 2023 22:13:20 +0000\r\nFinal-Log-ID: m1\r\n") &&
        strstr(out.s, "Remote-MTA: dns; /new/x.y\r\n") == strstr(out.s, "Remote-MTA"), "RFC 3464 2.3.8: Final-Log-ID of a mailbox here, which has no Remote-MTA");
  check(strstr(out.s, "Original-Recipient: utf-8;b\\x{FC}cher@x.test\r\nFinal-Recipient: utf-8;j\\x{F6}rg@x.test\r\n"), "RFC 6533 3: utf-8-addr-xtext for whom has an ASCII address");
  r.to = "gr\xc3\xbc\xc3\x9f@x.test";
  text_clear(&out);
  send_status_add(&r, &out);
  check(strstr(text_string(&out), "Original-Recipient: utf-8;b\xc3\xbc" "cher@x.test\r\nFinal-Recipient: utf-8;j\xc3\xb6rg@x.test\r\n"), "... utf-8-addr-unitext for whom has none");
  recipients[0].address = "j\xc3\xb6\r\nX: y@x.test";
  text_clear(&out);
  send_status_add(&r, &out);
  check(!strstr(text_string(&out), "\nX: y"), "... and no byte that ends a line (security 34)");
  said_free(&said);
  text_free(&out);
}

static const struct wish { const char *value, *tags; } wishes[] = {
  { "de", "de " }, { "de-DE, en;q=0.8, *;q=0.1", "de-de en " }, { "en;q=0.3,fr;q=0.9 , de", "de fr en " }, { "de;q=0, en", "en " },
  { "(a comment, de) fr (x) ; (y) Q=0.5, it", "it fr " }, { "zh-Hant-TW", "zh-hant-tw " }, { "../../etc/passwd, de/x, d_e, 1de, -de, de-, de--at, abcdefghi", "" },
  { "", "" }, { ",,;q=1,", "" }, { "de;q=1.001, en;q=2, fr;q=x", "de en fr " }, { "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r", "a b c d e f g h i j k l m n o p " },
};

static void check_languages(void)
{
  text tags = TEXT_ZERO, tag = TEXT_ZERO;

  for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
    text_clear(&tags);
    language_add(wishes[i].value, strlen(wishes[i].value), &tags);
    for (size_t b = 0; b < tags.len; b++)
      if (!tags.s[b]) tags.s[b] = ' ';
    check_is(text_string(&tags), wishes[i].tags, wishes[i].value);
  }
  text_copy(&tag, "zh-x-hant");
  check(language_shorten(&tag) && text_is(&tag, "zh") && !language_shorten(&tag), "RFC 4647 3.4: shortened by a part, and by what introduces it");
  text_free(&tags);
  text_free(&tag);
}

static void check_subjects(void)
{
  text out = TEXT_ZERO, back = TEXT_ZERO;
  static const char *const values[] = { "plain", "Ihre Nachricht verz\xc3\xb6gert sich, die Zustellung wird weiter versucht \xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80", "looks like =?x?", "" };

  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    text_clear(&out), text_clear(&back);
    words2047_encode(values[i], &out);
    text_string(&out);
    words2047_decode((struct bytes){ out.s, out.len }, &back);
    bool good = string_is_ascii(out.s);
    for (size_t at = 0; at < out.len; at++) {
      size_t length = strcspn(out.s + at, "\n");
      good = good && length <= 76;
      at += length;
    }
    check(good && !strcmp(text_string(&back), values[i]), "a subject in encoded words comes out as it was, in short lines");
  }
  text_free(&out), text_free(&back);
}

int main(void)
{
  check_files();
  check_shipped();
  check_explained();
  check_status();
  check_languages();
  check_subjects();
  return check_done();
}
