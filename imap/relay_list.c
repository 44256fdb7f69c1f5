/* The folders of public mailboxes, for LIST: one mailbox after another tells those that this user may see. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "imap/entry.h"
#include "imap/relay.h"
#include "imap/relay_inside.h"
#include "imap/share.h"
#include "lib/record.h"

enum { LIST_SECONDS = 60, LIST_MAX = 16 * 1024 * 1024 };

/* All up to the empty string at the end. */
static bool read_names(struct imap_state *s, int fd, text *all)
{
  char bytes[4096];

  for (;;) {
    ssize_t got = read(fd, bytes, sizeof bytes);
    if (got == -1 && errno == EINTR) continue;
    if (got == -1 && errno == EAGAIN && imap_wire_wait(&s->wire, fd, POLLIN, LIST_SECONDS)) continue;
    if (got == -1) return false;
    if (!got) return all->len && !all->s[all->len - 1];
    text_add_bytes(all, bytes, (size_t)got);
    if (all->len > LIST_MAX) return false;
  }
}

static void add_names(const text *all, struct imap_names *names)
{
  text given = TEXT_ZERO, name = TEXT_ZERO;

  for (size_t at = 0; at < all->len; at += strlen(all->s + at) + 1) {
    text_copy(&given, all->s + at);
    if (!strncmp(text_string(&given), IMAP_PUBLIC "/", sizeof IMAP_PUBLIC) && !imap_entry_name(given.s, &name)) imap_names_add(names, &name);
  }
  text_free(&given);
  text_free(&name);
}

/* count: how many there are. */
static bool list_one(struct imap_state *s, uint64_t number, struct imap_names *names, uint64_t *count)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO, all = TEXT_ZERO;

  record_add(&request, "what", "public");
  record_add_number(&request, "number", number);
  int fd = imap_relay_ask(&request, &answer);
  bool fine = fd != -1 && record_is(&answer, "answer", "listed") && record_number(&answer, "count", UINT32_MAX, count) &&
    !fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) && read_names(s, fd, &all);
  if (fine) add_names(&all, names);
  if (fd != -1) close(fd);
  text_free(&request);
  text_free(&answer);
  text_free(&all);
  return fine;
}

bool imap_relay_list(struct imap_state *s, struct imap_names *names)
{
  uint64_t count = s->start->has_public;

  for (uint64_t i = 0; i < count; i++)
    if (!list_one(s, i, names, &count)) {
      imap_relay_refuse(s, &(text)TEXT_ZERO);
      return false;
    }
  return true;
}
