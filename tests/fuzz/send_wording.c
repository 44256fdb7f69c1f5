/* A text file of the operator's, and a header field of a stranger's: any bytes parse or are refused; what is parsed is filled into a text that holds
   no control character and no line that is not whole; languages are tags that name a folder. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/language.h"
#include "send/explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_filled(struct send_wordings *w, const char *words)
{
  struct said said = { .code = 550 };
  struct send_report_recipient recipient = { .address = words, .said = &said };
  struct send_report r = { .host = "h", .from = "f@h", .to = words, .id = "i", .message = "m", .message_id = "", .envid = "", .header = "", .wordings = w,
                           .recipients = &recipient, .count = 1 };
  text out = TEXT_ZERO;

  text_add(&said.status, "5.1.1"), text_string(&said.status);
  text_add(&said.text, words), text_string(&said.text);
  text_add(&said.remote, words), text_string(&said.remote);
  for (int action = SEND_REPORT_FAILED; action <= SEND_REPORT_EXPANDED; action++) {
    recipient.action = (enum send_report_action)action;
    text_clear(&out);
    send_explain(&r, &out);
    for (size_t i = 0; i < out.len; i++)
      if (((unsigned char)out.s[i] < ' ' && out.s[i] != '\n' && out.s[i] != '\t') || out.s[i] == 0x7f) abort();
    if (!out.len || out.s[out.len - 1] != '\n' || memchr(send_explain_subject(&r), '\n', strlen(send_explain_subject(&r)))) abort();
  }
  said_free(&said);
  text_free(&out);
}

static void check_languages(const char *bytes, size_t size)
{
  text tags = TEXT_ZERO, tag = TEXT_ZERO;

  language_add(bytes, size, &tags);
  for (size_t at = 0; at < tags.len; at += strlen(tags.s + at) + 1) {
    const char *one = tags.s + at;
    if (!language_parse(one, strlen(one), &tag) || !text_is(&tag, one) || strspn(one, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(one)) abort();
    while (language_shorten(&tag))
      if (!tag.len) abort();
  }
  text_free(&tags);
  text_free(&tag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static struct send_wordings w;
  const char *error;
  text words = TEXT_ZERO;

  if (!w.language) send_wordings_use_english(&w);
  text_add_bytes(&words, (const char *)data, size > 200 ? 200 : size);
  text_string(&words);
  for (int kind = 0; kind < SEND_WORDINGS; kind++) {
    struct send_wording one = SEND_WORDING_ZERO, was = w.of[kind];
    if (send_wording_parse(&one, (enum send_wording_kind)kind, (const char *)data, size, &error)) {
      w.of[kind] = one;
      check_filled(&w, words.s);
      w.of[kind] = was;
    }
    send_wording_free(&one);
  }
  check_languages((const char *)data, size);
  text_free(&words);
  return 0;
}
