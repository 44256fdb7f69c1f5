#include "imap/relay_target.h"

#include <string.h>

#include "imap/entry.h"
#include "imap/quota.h"
#include "imap/quote.h"

static bool open_own(struct imap_state *s, struct imap_relay_target *t)
{
  text entry = TEXT_ZERO;

  if (!imap_take_name(s, s->command.mailbox, &t->name)) return false;
  imap_entry_format(&t->name, &entry);
  enum imap_folder_result result = imap_folder_open_to_add(&t->folder, text_string(&entry));
  text_free(&entry);
  if (result == IMAP_FOLDER_ABSENT) imap_no(s, "[TRYCREATE] there is no such mailbox");
  if (result == IMAP_FOLDER_BROKEN) imap_no_errno(s, "open the other mailbox");
  if (result != IMAP_FOLDER_DONE) return false;
  imap_addition_start(&t->addition, &t->folder);
  return true;
}

bool imap_relay_target_open(struct imap_state *s, struct imap_relay_target *t, bool is_public)
{
  *t = (struct imap_relay_target){ .name = TEXT_ZERO, .parsed = IMAP_COMMAND_ZERO, .addition = { .fd = -1 } };
  if (!is_public) return open_own(s, t);
  text_add(&t->name, s->command.mailbox);
  text_string(&t->name);
  t->relay = imap_relay_open(s, t->name.s);
  return t->relay;
}

static bool send_text(struct imap_state *s, struct imap_relay_target *t, const text *bytes)
{
  if (imap_relay_send(s, t->relay, bytes->s, bytes->len)) return true;
  imap_relay_lost(s, t->relay);
  return false;
}

static bool begin_public(struct imap_state *s, struct imap_relay_target *t, const text *flags, const text *date, uint64_t size)
{
  text line = TEXT_ZERO;

  if (t->count == 1) {
    text_add(&line, IMAP_FOLLOW_TAG " APPEND ");
    imap_quote_add_astring(&line, t->name.s);
  }
  text_add_char(&line, ' ');
  text_add_text(&line, flags);
  text_add_char(&line, ' ');
  text_add_text(&line, date);
  text_add_format(&line, " {%llu+}\r\n", (unsigned long long)size);
  bool fine = send_text(s, t, &line);
  text_free(&line);
  return fine;
}

static bool begin_own(struct imap_state *s, struct imap_relay_target *t, const text *flags, const text *date, uint64_t size)
{
  text line = TEXT_ZERO;

  text_add(&line, "x APPEND x ");
  text_add_text(&line, flags);
  text_add_char(&line, ' ');
  text_add_text(&line, date);
  text_add(&line, " {0}");
  bool fine = imap_command_parse(&t->parsed, line.s, line.len);
  text_free(&line);
  if (!fine) imap_no(s, "[UNAVAILABLE] the other mailbox gave flags or a date that are none");
  fine = fine && imap_quota_fits(s, (uint64_t)t->sum.bytes + size) && imap_marks_of(s, &t->folder, &t->parsed.flags, true, &t->marks);
  if (fine && !imap_addition_begin(&t->addition)) {
    imap_no_errno(s, "write the message");
    return false;
  }
  return fine;
}

bool imap_relay_target_begin(struct imap_state *s, struct imap_relay_target *t, const text *flags, const text *date, uint64_t size)
{
  t->count++;
  return t->relay ? begin_public(s, t, flags, date, size) : begin_own(s, t, flags, date, size);
}

bool imap_relay_target_write(struct imap_state *s, struct imap_relay_target *t, const char *bytes, size_t length)
{
  if (t->relay) return send_text(s, t, &(text){ .s = (char *)bytes, .len = length });
  if (imap_addition_write(&t->addition, bytes, length)) return true;
  imap_no_errno(s, "write the message");
  return false;
}

bool imap_relay_target_end(struct imap_state *s, struct imap_relay_target *t)
{
  if (t->relay) return true;
  if (!imap_addition_end(&t->addition, t->marks, t->parsed.has_date ? &t->parsed.date_seconds : 0)) {
    imap_no_errno(s, "write the message");
    return false;
  }
  t->sum.bytes += (int64_t)t->addition.bytes;
  t->sum.messages++;
  return true;
}

/* "OK [APPENDUID 38505 3955:3957] ..." */
static bool read_uids(struct imap_relay_target *t, const text *line)
{
  const char *code = "OK [APPENDUID ", *at = line->s + strlen(code), *end = line->s + line->len;
  uint64_t validity, first;
  size_t digits;

  if (line->len < strlen(code) || memcmp(line->s, code, strlen(code))) return false;
  for (digits = 0; at + digits < end && ascii_is_digit(at[digits]); digits++) {}
  if (!number_scan_bytes(at, digits, UINT32_MAX, &validity) || at + digits == end) return false;
  at += digits + 1;
  for (digits = 0; at + digits < end && ascii_is_digit(at[digits]); digits++) {}
  if (!number_scan_bytes(at, digits, UINT32_MAX, &first)) return false;
  t->validity = (uint32_t)validity;
  t->first = (uint32_t)first;
  return true;
}

static bool finish_public(struct imap_state *s, struct imap_relay_target *t)
{
  text untold = TEXT_ZERO;

  if (!send_text(s, t, &(text){ .s = (char[]){ "\r\n" }, .len = 2 })) return false;
  enum imap_follow_result result = imap_relay_answer(s, t->relay, &untold);
  text_free(&untold);
  if (result != IMAP_FOLLOW_DONE) {
    imap_relay_lost(s, t->relay);
    return false;
  }
  text_copy_bytes(&s->reply, t->relay->follow.line.s, t->relay->follow.line.len);
  return read_uids(t, &t->relay->follow.line);
}

bool imap_relay_target_finish(struct imap_state *s, struct imap_relay_target *t)
{
  if (t->relay) return finish_public(s, t);
  if (!imap_addition_finish(&t->addition)) {
    imap_no_errno(s, "copy: nothing was copied");
    return false;
  }
  t->validity = t->folder.uids.head.validity;
  t->first = t->addition.first_uid;
  imap_quota_change(s, &t->sum, false);
  return true;
}

void imap_relay_target_close(struct imap_relay_target *t)
{
  if (t->relay) imap_relay_close(t->relay);
  else if (t->addition.folder) {
    imap_addition_stop(&t->addition);
    imap_folder_close(&t->folder);
  }
  imap_command_free(&t->parsed);
  text_free(&t->name);
}
