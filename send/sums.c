#include "send/sums.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "lib/call.h"
#include "lib/die.h"
#include "send/about.h"

enum { SLOTS_AT_ONCE = 1024 };

struct send_sums {
  size_t slot;
  size_t slot_count; /* if it grows, what was counted may come again: all is counted anew */
  size_t messages;
  size_t recipients;
  uint64_t bytes;
  uint64_t oldest_seconds;
  struct tally causes;
  struct tally destinations;
  text unread; /* those that were not read yet, or are open at this moment, for the first time: who asks reads them himself */
};

struct send_sums *send_sums_start(void)
{
  struct send_sums *sums = calloc(1, sizeof *sums);
  if (!sums) die_nomem();
  return sums;
}

static void clear(struct send_sums *sums)
{
  tally_free(&sums->causes);
  tally_free(&sums->destinations);
  text_free(&sums->unread);
  *sums = (struct send_sums){ .slot = 0 };
}

void send_sums_free(struct send_sums *sums)
{
  if (!sums) return;
  clear(sums);
  free(sums);
}

static void count(struct send_sums *sums, const struct send_entry *e)
{
  if (!e->about) {
    record_add(&sums->unread, "unread", e->id);
    return;
  }
  sums->messages++;
  sums->bytes += e->about->size_bytes;
  if (!sums->oldest_seconds || e->about->birth_seconds < sums->oldest_seconds) sums->oldest_seconds = e->about->birth_seconds;
  sums->recipients += send_about_count(e->about, &sums->causes, &sums->destinations, sums->messages);
}

static void add_rows(text *rows, const char *what, const struct tally *t)
{
  struct tally_row **sorted = tally_sort(t);

  for (struct tally_row **row = sorted; *row; row++) {
    record_add(rows, what, (*row)->key);
    record_add(rows, "example", (*row)->example);
    record_add_number(rows, "recipients", (*row)->recipients);
    record_add_number(rows, "messages", (*row)->messages);
    record_add_number(rows, "oldest", (*row)->oldest_seconds);
  }
  free(sorted);
}

/* The rows may be longer than a packet: they go as a file. */
static int write_rows(const struct send_sums *sums)
{
  int fd = memfd_create("sums", MFD_CLOEXEC);
  text rows = TEXT_ZERO;

  if (fd == -1) return -1;
  add_rows(&rows, "cause", &sums->causes);
  add_rows(&rows, "destination", &sums->destinations);
  text_add_text(&rows, &sums->unread);
  if (allwrite(fd, rows.s, rows.len) != rows.len) {
    close(fd);
    fd = -1;
  }
  text_free(&rows);
  return fd;
}

static void answer(const struct send_sums *sums, int socket)
{
  int fd = write_rows(sums);
  text packet = TEXT_ZERO;

  record_add(&packet, "answer", fd == -1 ? "no" : "done");
  if (fd == -1) record_add(&packet, "error", "no memory for the sums");
  record_add_number(&packet, "messages", sums->messages);
  record_add_number(&packet, "recipients", sums->recipients);
  record_add_number(&packet, "bytes", sums->bytes);
  record_add_number(&packet, "oldest", sums->oldest_seconds);
  call_send(socket, &packet, &fd, fd == -1 ? 0 : 1); /* who has gone needs no answer */
  if (fd != -1) close(fd);
  text_free(&packet);
}

bool send_sums_work(const struct send_schedule *s, struct send_sums *sums, int socket)
{
  const struct send_waiting *w = &s->waiting;

  if (sums->slot_count != w->slot_count) {
    clear(sums);
    sums->slot_count = w->slot_count;
  }
  for (unsigned int i = 0; i < SLOTS_AT_ONCE && sums->slot < w->slot_count; i++, sums->slot++)
    for (const struct send_entry *e = w->slots[sums->slot]; e; e = e->chain) count(sums, e);
  if (sums->slot < w->slot_count) return false;
  answer(sums, socket);
  return true;
}
