/* STAT, LIST and UIDL. A size is one of octets as they are sent (RFC 1939 11), which the file's name says; else the file is read, once. */

#include <errno.h>

#include "pop3/shown.h"
#include "pop3/state.h"

/* Of a message that has gone before anybody measured it: 0. */
static bool measure(struct pop3_state *s, size_t place, uint64_t *octets)
{
  imap_loaded_start(&s->loaded, &s->box.folder, place);
  if (imap_loaded_size(&s->loaded, octets)) return true;
  *octets = 0;
  return errno == ENOENT;
}

/* All that are not deleted; after it each size is known. */
static bool sum(struct pop3_state *s, uint64_t *count, uint64_t *octets)
{
  uint64_t one;

  *count = *octets = 0;
  for (size_t i = 0; i < s->count; i++) {
    if (s->done[i] & POP3_DELETED) continue;
    if (!measure(s, i, &one)) return false;
    ++*count;
    *octets += one;
  }
  return true;
}

static void add_numbers(struct pop3_state *s, const char *before, uint64_t first, uint64_t second, const char *after)
{
  imap_wire_add(&s->box.wire, before);
  imap_wire_add_number(&s->box.wire, first);
  imap_wire_add(&s->box.wire, " ");
  imap_wire_add_number(&s->box.wire, second);
  imap_wire_add(&s->box.wire, after);
}

void pop3_cmd_stat(struct pop3_state *s)
{
  uint64_t count, octets;

  if (sum(s, &count, &octets)) add_numbers(s, "+OK ", count, octets, "\r\n");
  else pop3_no_errno(s, "measure the messages");
}

static void list_all(struct pop3_state *s)
{
  uint64_t count, octets;

  if (!sum(s, &count, &octets)) {
    pop3_no_errno(s, "measure the messages");
    return;
  }
  add_numbers(s, "+OK ", count, octets, "\r\n");
  for (size_t i = 0; i < s->count; i++)
    if (!(s->done[i] & POP3_DELETED) && measure(s, i, &octets)) add_numbers(s, "", i + 1, octets, "\r\n");
  imap_wire_add(&s->box.wire, ".\r\n");
}

void pop3_cmd_list(struct pop3_state *s)
{
  uint64_t octets;
  size_t place;

  if (!s->command.number) list_all(s);
  else if (!pop3_place(s, &place)) return;
  else if (measure(s, place, &octets)) add_numbers(s, "+OK ", place + 1, octets, "\r\n");
  else pop3_no_errno(s, "measure the message");
}

static void say_uidl(struct pop3_state *s, const char *before, size_t place)
{
  imap_wire_add(&s->box.wire, before);
  imap_wire_add_number(&s->box.wire, place + 1);
  imap_wire_add(&s->box.wire, " ");
  pop3_uidl_add(&s->uidl, &s->box.folder, place, &s->box.wire.answer);
  imap_wire_add(&s->box.wire, "\r\n");
}

void pop3_cmd_uidl(struct pop3_state *s)
{
  size_t place = 0;

  if (s->command.number && !pop3_place(s, &place)) return;
  if (!pop3_uidl_read(&s->uidl, &s->box.folder, s->count)) {
    pop3_no_errno(s, "read the uidlist");
    return;
  }
  if (s->command.number) {
    say_uidl(s, "+OK ", place);
    return;
  }
  imap_wire_add(&s->box.wire, "+OK\r\n");
  for (size_t i = 0; i < s->count; i++)
    if (!(s->done[i] & POP3_DELETED)) say_uidl(s, "", i);
  imap_wire_add(&s->box.wire, ".\r\n");
}
