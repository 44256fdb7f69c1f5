#include "send/explain.h"

#include <string.h>

#include "lib/address.h"
#include "lib/date.h"

enum { WIDTH = 72 };

/* In this order they stand in a report. */
static const struct part {
  enum send_report_action action;
  enum send_wording_kind kind;
} parts[] = {
  { SEND_REPORT_FAILED, SEND_WORDING_FAILURE },     { SEND_REPORT_DELAYED, SEND_WORDING_DELAY },
  { SEND_REPORT_DELIVERED, SEND_WORDING_DELIVERED }, { SEND_REPORT_RELAYED, SEND_WORDING_RELAYED },
  { SEND_REPORT_EXPANDED, SEND_WORDING_EXPANDED }
};
enum { PARTS = sizeof parts / sizeof *parts };

static enum send_wording_kind kind_of(const struct send_report *r, const struct part *p)
{
  return r->is_to_postmaster && p->action == SEND_REPORT_FAILED ? SEND_WORDING_DOUBLEBOUNCE : p->kind;
}

static size_t count_of(const struct send_report *r, enum send_report_action action)
{
  size_t count = 0;
  for (size_t i = 0; i < r->count; i++) count += r->recipients[i].action == action;
  return count;
}

const char *send_explain_subject(const struct send_report *r)
{
  for (size_t p = 0; p < PARTS; p++) {
    size_t count = count_of(r, parts[p].action);
    const struct send_wording *w = &r->wordings->of[kind_of(r, &parts[p])];
    if (count) return count == r->count ? w->subject.s : w->subject_some.s;
  }
  return "";
}

/* For people: UTF-8 stays if it is some, no control byte does. */
static void add_shown(text *out, const char *value, size_t length)
{
  bool is_utf8 = utf8_check(value, length);

  for (size_t i = 0; i < length; i++)
    text_add_char(out, ascii_is_printable(value[i]) || (is_utf8 && (unsigned char)value[i] >= 0x80) ? value[i] : '?');
}

static bool is_inside_character(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

/* Words in lines of WIDTH, each begun with indent; a longer word is cut, between characters. */
static void add_folded(text *out, const char *words, const char *indent)
{
  for (size_t left = strlen(words); left;) {
    size_t length = left < WIDTH ? left : WIDTH;
    if (left > WIDTH) {
      while (length && words[length] != ' ') length--;
      if (!length)
        for (length = WIDTH; length > 1 && is_inside_character(words[length]);) length--;
    }
    text_add(out, indent);
    text_add_bytes(out, words, length);
    text_add_char(out, '\n');
    length += words[length] == ' ';
    words += length;
    left -= length;
  }
}

static bool is_operators(const struct send_report_recipient *r)
{
  return r->action == SEND_REPORT_FAILED && r->said && !r->said->code && !r->said->remote.len && text_is(&r->said->status, SEND_STATUS_OPERATOR);
}

static bool is_without_words(const struct send_report_recipient *r) { return is_operators(r) && text_is(&r->said->text, SEND_OPERATOR_WORDS); }

static const char *what_of(const struct send_report *r, const struct send_report_recipient *one)
{
  switch (one->action) {
  case SEND_REPORT_DELIVERED: return send_wording_word(r->wordings, "delivered");
  case SEND_REPORT_RELAYED: return send_wording_word(r->wordings, "relayed");
  case SEND_REPORT_EXPANDED: return send_wording_word(r->wordings, "expanded");
  default: break;
  }
  if (is_operators(one)) return send_wording_word(r->wordings, is_without_words(one) ? "returned" : "operator");
  return one->said ? send_wording_meaning(r->wordings, send_report_status(one)) : send_wording_word(r->wordings, "unknown");
}

static void add_remote(const struct send_report *r, const text *remote, text *out)
{
  text shown = TEXT_ZERO;
  const char *words = send_wording_word(r->wordings, "said");

  add_shown(&shown, remote->s, remote->len);
  const struct send_wording_value values[] = { { "remote", text_string(&shown) }, { 0, 0 } };
  text_add(out, "    ");
  send_wording_fill(words, strlen(words), values, out);
  text_add_char(out, '\n');
  text_free(&shown);
}

static void add_said(const struct send_report *r, const struct said *said, text *out)
{
  text words = TEXT_ZERO;

  if (said->remote.len) add_remote(r, &said->remote, out);
  if (said->code) text_add_format(&words, "%03u ", said->code);
  add_shown(&words, said->text.s, said->text.len);
  add_folded(out, text_string(&words), "    ");
  text_free(&words);
}

static void add_recipient(const struct send_report *r, const struct send_report_recipient *one, text *out)
{
  bool is_delivered = one->action != SEND_REPORT_FAILED && one->action != SEND_REPORT_DELAYED;

  text_add(out, "  ");
  add_shown(out, one->address, strlen(one->address));
  text_add_char(out, '\n');
  add_folded(out, what_of(r, one), "    ");
  if (!is_delivered && one->said && one->said->text.len && !is_without_words(one)) add_said(r, one->said, out);
}

/* Without the last line end: the line that holds the placeholder has one. */
static void add_recipients(const struct send_report *r, enum send_report_action action, text *out)
{
  for (size_t i = 0; i < r->count; i++)
    if (r->recipients[i].action == action) {
      if (out->len) text_add_char(out, '\n');
      add_recipient(r, &r->recipients[i], out);
    }
  if (out->len) out->len--;
  text_string(out);
}

/* "2026-11-21 10:49 UTC": read the same in each language. */
static const char *date(text *out, uint64_t seconds)
{
  date_add_internet(out, seconds);
  if (out->len > 16) {
    out->s[10] = ' ';
    out->len = 16;
  }
  text_add(out, " UTC");
  return text_string(out);
}

struct filling {
  text host, id, sender, arrived, until, list, text;
};

static void add_part(const struct send_report *r, const struct part *p, struct filling *f, text *out)
{
  const struct send_wording *w = &r->wordings->of[kind_of(r, p)];

  text_clear(&f->list);
  add_recipients(r, p->action, &f->list);
  const struct send_wording_value values[] = {
    { "recipients", f->list.s }, { "host", f->host.s }, { "id", f->id.s }, { "sender", f->sender.s }, { "arrived", f->arrived.s },
    { "until", f->until.s }, { "attached", send_wording_word(r->wordings, r->is_full ? "whole" : "header") }, { 0, 0 }
  };
  if (out->len) text_add_char(out, '\n');
  send_wording_fill(w->body.s, w->body.len, values, out);
}

/* control/custombouncetext: the operator's own words about what could not be delivered. */
static void add_custom(const struct send_report *r, text *out)
{
  if (!r->custom || !*r->custom || !count_of(r, SEND_REPORT_FAILED)) return;
  text_add_char(out, '\n');
  text_add(out, r->custom);
  if (out->s[out->len - 1] != '\n') text_add_char(out, '\n');
}

static void add_parts(const struct send_report *r, struct filling *f)
{
  for (size_t p = 0; p < PARTS; p++)
    if (count_of(r, parts[p].action)) add_part(r, &parts[p], f, &f->text);
  add_custom(r, &f->text);
  if (f->text.len) f->text.len--; /* the line of {text} has an end */
  text_string(&f->text);
}

void send_explain(const struct send_report *r, text *out)
{
  const struct send_wording *frame = &r->wordings->of[SEND_WORDING_FRAME];
  struct filling f = { TEXT_ZERO, TEXT_ZERO, TEXT_ZERO, TEXT_ZERO, TEXT_ZERO, TEXT_ZERO, TEXT_ZERO };

  add_shown(&f.host, r->host, strlen(r->host));
  add_shown(&f.id, r->message, strlen(r->message));
  if (!r->is_to_postmaster) add_shown(&f.sender, r->to, strlen(r->to));
  text_string(&f.host), text_string(&f.id), text_string(&f.sender);
  date(&f.arrived, r->birth_seconds);
  date(&f.until, r->until_seconds);
  add_parts(r, &f);
  const struct send_wording_value values[] = { { "text", f.text.s }, { "host", f.host.s }, { "id", f.id.s }, { "sender", f.sender.s },
                                               { "arrived", f.arrived.s }, { 0, 0 } };
  send_wording_fill(frame->body.s, frame->body.len, values, out);
  text_free(&f.host), text_free(&f.id), text_free(&f.sender), text_free(&f.arrived), text_free(&f.until);
  text_free(&f.list), text_free(&f.text);
}
