#include "ldapsync/resident.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ldapsync/follow.h"
#include "ldapsync/full.h"
#include "ldapsync/generations.h"
#include "ldapsync/metrics.h"
#include "ldapsync/stamps.h"
#include "lib/die.h"
#include "lib/log.h"

enum {
  CHANGES_MAX = 20000, /* records that differ from the base, and the share of it: then a full pass makes a new base */
  SHARE = 16,
  TAIL_MAX = 64 * 1024 * 1024
};

struct resident {
  struct sources sources;
  struct follow follow;
  struct stamps stamps;
  text current; /* the generation that is this build; empty: none yet */
  bool is_ready;
};

/* Everything anew, as tables-build does it. Dies if it cannot. */
static void build(struct resident *r)
{
  struct generation g = GENERATION_ZERO;
  const struct full_how how = { .is_forced = false };
  struct stamps after;

  full_become(&g);
  int lock = full_lock();
  stamps_take(&r->stamps);
  full_build(&g, &r->sources, &how);
  generations_current(&r->current);
  stamps_take(&after);
  r->stamps.uids = after.uids;
  close(lock);
}

/* Does what was read still stand, but for what has come to the file that grows? */
static bool is_as_read(const struct resident *r, const char **why)
{
  text current = TEXT_ZERO;
  struct stamps now;

  stamps_take(&now);
  *why = 0;
  if (!text_is(&r->current, generations_current(&current)))
    *why = "tables that somebody else has made";
  else if (now.files != r->stamps.files)
    *why = "a file of control/, directory/ or profiles/";
  else if (now.uids != r->stamps.uids)
    *why = "state/tables/uids";
  text_free(&current);
  return !*why;
}

/* What stands in the file behind what was read. False: it is another file. */
static bool read_tail(const struct accounts_place *place, text *bytes)
{
  struct stat status;
  int fd = open(SOURCES_WATCHED, O_RDONLY | O_CLOEXEC);
  bool good = fd != -1 && fstat(fd, &status) != -1 && status.st_dev == place->device && status.st_ino == place->inode &&
              (uint64_t)status.st_size >= place->whole && (uint64_t)status.st_size - place->whole <= TAIL_MAX;

  if (good) {
    size_t length = (size_t)status.st_size - place->whole;
    text_ready(bytes, length);
    for (ssize_t more = 1; good && more && bytes->len < length; bytes->len += (size_t)more) {
      more = pread(fd, bytes->s + bytes->len, length - bytes->len, (off_t)(place->whole + bytes->len));
      if (more == -1) die_unable("read " SOURCES_WATCHED);
    }
  }
  if (fd != -1) close(fd);
  return good;
}

static bool is_too_much(const struct resident *r)
{
  size_t base = r->sources.build.accounts.count * 2 + r->follow.addresses + r->sources.build.login_count;
  return r->follow.delta.count > CHANGES_MAX || (r->follow.delta.count > 1000 && r->follow.delta.count > base / SHARE);
}

/* False: nothing can be published, but perhaps by a full pass. */
static bool write_changes(struct resident *r, struct generation *g)
{
  text record = TEXT_ZERO;

  full_become(g);
  if (!uids_save(&r->sources.uids)) die_unable("write state/tables/uids");
  if (!generation_open_changes(g, r->follow.delta.base.s)) return false;
  sources_describe(&r->sources, g, r->follow.addresses, &record);
  cdb_write_add(g->policy, "table", "generation", &record);
  cdb_write_add(g->auth, "table", "generation", &record);
  cdb_write_add(g->relay, "table", "generation", &record);
  cdb_write_add(g->token, "table", "generation", &record);
  delta_write(&r->follow.delta, g);
  generation_close(g);
  text_free(&record);
  if (!delta_check(&r->follow.delta, full_name(g))) die_temporary(g->folder.s, " does not hold what was written to it: is the disk sound?");
  return true;
}

static void publish(struct resident *r, struct generation *g)
{
  struct stamps now;

  generation_publish(g);
  generations_current(&r->current);
  stamps_take(&now);
  r->stamps.uids = now.uids;
  sources_say(&r->sources, g, r->follow.addresses, "published");
  full_prune();
}

/* Only a full pass may let so many vanish, or say that it does not. */
static bool may_vanish(const struct resident *r)
{
  const struct guard_count before = { r->sources.build.accounts.count + r->follow.gone_mailboxes, r->follow.addresses + r->follow.gone_addresses };
  const struct guard_count gone = { r->follow.gone_mailboxes, r->follow.gone_addresses };

  return guard_may_vanish(&before, &gone);
}

static struct resident_answer again(const char *why)
{
  log_event("anew", "because", why, (char *)0);
  return (struct resident_answer){ .is_again = true };
}

static struct resident_answer take_changes(struct resident *r)
{
  struct generation g = GENERATION_ZERO;
  text tail = TEXT_ZERO;
  const char *why;

  if (full_is_held()) return (struct resident_answer){ .code = END_NO };
  if (!is_as_read(r, &why)) return again(why);
  if (!read_tail(&r->sources.watched, &tail)) return again("the directory was written anew");
  enum follow_result result = follow_tail(&r->follow, tail.s, tail.len);
  text_wipe(&tail);
  if (result == FOLLOW_AGAIN) return again(r->follow.why);
  if (result == FOLLOW_SAME) {
    metrics_tables_checked();
    log_event("unchanged", (char *)0);
    return (struct resident_answer){ .code = END_DONE };
  }
  if (is_too_much(r)) return again("many changes");
  if (!may_vanish(r)) return again("many who vanish");
  if (!write_changes(r, &g)) return again("the base is gone");
  if (!guard_expect(full_name(&g))) {
    generation_discard(&g);
    return again("control/expect");
  }
  publish(r, &g);
  return (struct resident_answer){ .code = END_DONE };
}

static struct resident_answer answer(struct resident *r)
{
  if (!r->current.len) {
    build(r);
    return (struct resident_answer){ .code = END_DONE };
  }
  int lock = full_lock();
  struct resident_answer a = take_changes(r);
  close(lock);
  return a;
}

/* What is needed for changes alone can wait until the full pass is answered. */
static void get_ready(struct resident *r)
{
  if (!r->is_ready) follow_open(&r->follow, &r->sources, r->current.s);
  r->is_ready = true;
}

void resident_run(int socket)
{
  struct resident r = { .sources = SOURCES_ZERO, .follow = FOLLOW_ZERO, .current = TEXT_ZERO };
  char request;

  for (;;) {
    ssize_t got = recv(socket, &request, 1, 0);
    if (got == -1 && errno == EINTR) continue;
    if (got != 1) _exit(END_DONE);
    struct resident_answer a = answer(&r);
    if (send(socket, &a, sizeof a, MSG_NOSIGNAL) != sizeof a || a.is_again) _exit(END_DONE);
    get_ready(&r);
  }
}
