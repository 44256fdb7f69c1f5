#include "ldapsync/resident.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ldapsync/follow.h"
#include "ldapsync/full.h"
#include "ldapsync/generations.h"
#include "ldapsync/gone.h"
#include "ldapsync/metrics.h"
#include "ldapsync/stamps.h"
#include "lib/die.h"
#include "lib/log.h"

enum {
  CHANGES_MAX = 20000, /* records that differ from the base, and the share of it: then a full pass makes a new base */
  SHARE = 16,
  FEW = 1000,
  NICE = 10,
  MEMORY_MORE = 32 * 1024 * 1024
};

#define RESIDENT_ZERO { .sources = SOURCES_ZERO, .follow = FOLLOW_ZERO, .current = TEXT_ZERO, .aside = GENERATION_ZERO }

struct resident {
  struct sources sources;
  struct follow follow;
  struct stamps stamps;
  text current; /* the generation that is this build; empty: none yet */
  bool is_ready;
  size_t memory; /* when it was ready */
  struct generation aside; /* an heir's, that is not published yet */
  bool is_heir;
};

/* Everything anew, as tables-build does it. Dies if it cannot. */
static void build(struct resident *r)
{
  struct generation g = GENERATION_ZERO;
  const struct full_how how = { .is_forced = false };
  struct stamps after;

  full_become(&g);
  int lock = full_lock();
  stamps_begin(&r->stamps);
  full_build(&g, &r->sources, &how);
  generations_current(&r->current);
  stamps_take(&after);
  r->stamps.uids = after.uids;
  close(lock);
}

static bool has_come(int64_t when) { return when && time(0) >= when; }

/* Does what was read still stand, but for what has come to the file that grows? */
static bool is_as_read(const struct resident *r, const char **why)
{
  text current = TEXT_ZERO;
  struct stamps now;

  stamps_take(&now);
  *why = 0;
  if (!r->is_heir && !text_is(&r->current, generations_current(&current)))
    *why = "tables that somebody else has made";
  else if (now.files != r->stamps.files)
    *why = "a file of control/, directory/ or profiles/";
  else if (now.uids != r->stamps.uids)
    *why = "state/tables/uids";
  else if (r->is_heir && has_come(r->sources.next_time)) /* others may have published what is so since then */
    *why = "a time has come";
  text_free(&current);
  return !*why;
}

static bool is_more(const struct resident *r, size_t most, size_t share)
{
  size_t base = r->sources.build.accounts.count * 2 + r->follow.addresses + r->sources.build.login_count;
  return r->follow.delta.count > most || (r->follow.delta.count > FEW && r->follow.delta.count > base / share);
}

static bool is_too_much(const struct resident *r) { return is_more(r, CHANGES_MAX, SHARE); }

static size_t memory_used(void)
{
  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

/* An heir is due before it is too much. */
static bool is_large(const struct resident *r)
{
  return is_more(r, CHANGES_MAX / 4, (size_t)SHARE * 4) || (r->memory && memory_used() > r->memory + r->memory / 2 + MEMORY_MORE);
}

/* False: nothing can be published, but perhaps by a full pass. */
static bool write_changes(struct resident *r, struct generation *g)
{
  text record = TEXT_ZERO;

  full_become(g);
  if (!uids_save(&r->sources.uids)) die_unable("write state/tables/uids");
  bool is_noted = !(r->follow.come_mailboxes || r->follow.gone_mailboxes) || gone_note(&r->sources.build.accounts, &r->sources.uids, (uint64_t)time(0));
  if (!is_noted) die_unable("write state/tables/gone");
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

static void note_published(struct resident *r, const struct generation *g, enum generation_result result)
{
  struct stamps now;

  generations_current(&r->current);
  stamps_take(&now);
  r->stamps.uids = now.uids;
  if (result == GENERATION_SAME)
    log_event("unchanged", (char *)0);
  else
    sources_say(&r->sources, g, r->follow.addresses, "published");
  full_prune();
}

/* What an heir has written becomes the base; it is current if nothing has changed since. True: it is. */
static bool take_place(struct resident *r)
{
  r->is_heir = false; /* what it has written is others' to remove */
  if (r->follow.delta.count) {
    generation_keep(&r->aside);
    text_copy(&r->follow.delta.base, text_string(&r->aside.id));
    text_string(&r->follow.delta.base);
    return false;
  }
  if (!uids_save(&r->sources.uids)) die_unable("write state/tables/uids");
  enum generation_result result = generation_publish(&r->aside);
  note_published(r, &r->aside, result);
  text_copy(&r->follow.delta.base, r->current.s);
  text_string(&r->follow.delta.base);
  return true;
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

static struct resident_answer publish(struct resident *r)
{
  struct generation g = GENERATION_ZERO;

  if (r->is_heir && !r->follow.delta.count && !guard_expect(full_name(&r->aside))) return again("control/expect");
  if (r->is_heir && take_place(r)) return (struct resident_answer){ .code = END_DONE };
  if (!write_changes(r, &g)) return again("the base is gone");
  if (!guard_expect(full_name(&g))) {
    generation_discard(&g);
    return again("control/expect");
  }
  note_published(r, &g, generation_publish(&g));
  return (struct resident_answer){ .code = END_DONE };
}

static struct resident_answer take_changes(struct resident *r)
{
  text bytes = TEXT_ZERO;
  bool is_whole;
  const char *why;

  if (full_is_held()) return (struct resident_answer){ .code = END_NO };
  if (!is_as_read(r, &why)) return again(why);
  if (!follow_read(&r->follow, &bytes, &is_whole)) return again("the directory is not what was read");
  enum follow_result result = follow_bytes(&r->follow, &bytes, is_whole);
  text_wipe(&bytes);
  if (result == FOLLOW_AGAIN) return again(r->follow.why);
  if (result == FOLLOW_SAME && !r->is_heir) {
    metrics_tables_checked();
    log_event("unchanged", (char *)0);
    return (struct resident_answer){ .code = END_DONE };
  }
  if (is_too_much(r)) return again("many changes");
  if (!may_vanish(r)) return again("many who vanish");
  return publish(r);
}

static void describe(const struct resident *r, struct resident_state *state)
{
  *state = (struct resident_state){ .watched = r->sources.watched, .stamps = r->stamps, .changes = r->follow.delta.count, .is_large = is_large(r),
                                     .has_times = profile_has_times(&r->follow.profile), .next_time = r->sources.next_time };
  if (r->current.len <= ID_MAX) memcpy(state->current, r->current.s, r->current.len);
  if (r->is_heir && r->aside.id.len <= ID_MAX) memcpy(state->aside, r->aside.id.s, r->aside.id.len);
}

static struct resident_answer answer(struct resident *r)
{
  struct resident_answer a = { .code = END_DONE };

  if (r->current.len || r->is_heir) {
    int lock = full_lock();
    a = take_changes(r);
    close(lock);
  } else
    build(r);
  describe(r, &a.state);
  return a;
}

/* What is needed for changes alone can wait until the full pass is answered. */
static void get_ready(struct resident *r)
{
  if (r->is_ready) return;
  follow_open(&r->follow, &r->sources, r->is_heir ? full_name(&r->aside) : r->current.s);
  r->is_ready = true;
  r->memory = memory_used();
}

_Noreturn static void end(struct resident *r)
{
  if (r->is_heir) generation_discard(&r->aside);
  _exit(END_DONE);
}

static bool tell(int socket, const struct resident_answer *a) { return send(socket, a, sizeof *a, MSG_NOSIGNAL) == sizeof *a; }

_Noreturn static void serve(struct resident *r, int socket)
{
  char request;

  for (;;) {
    ssize_t got = recv(socket, &request, 1, 0);
    if (got == -1 && errno == EINTR) continue;
    if (got != 1) end(r);
    struct resident_answer a = answer(r);
    if (!tell(socket, &a) || a.is_again) end(r);
    get_ready(r);
  }
}

void resident_run(int socket)
{
  struct resident r = RESIDENT_ZERO;
  serve(&r, socket);
}

/* Has the other one read exactly this, and published nothing else meanwhile? */
static bool has_read_same(const struct resident *r, const struct resident_state *other)
{
  const struct accounts_place *a = &r->sources.watched;
  text current = TEXT_ZERO;

  bool is_same = other && a->device == other->watched.device && a->inode == other->watched.inode && a->whole == other->watched.whole &&
                 r->stamps.files == other->stamps.files && r->stamps.uids == other->stamps.uids && !strcmp(generations_current(&current), other->current);
  text_free(&current);
  return is_same;
}

/* What it was told before is not said again: a full pass that is waited for says it. */
static void build_aside(struct resident *r)
{
  int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC), log = fcntl(2, F_DUPFD_CLOEXEC, 3);
  const struct guard_agreed agreed = { 0, 0 };

  if (nothing == -1 || log == -1 || dup2(nothing, 2) == -1) die_unable("open /dev/null");
  full_become(&r->aside);
  stamps_begin(&r->stamps);
  sources_read(&r->sources, false);
  if (!guard_vanishing(&r->sources.build.accounts, &r->sources.leads, &r->sources.uids, &agreed)) _exit(END_NO);
  generation_open_aside(&r->aside);
  r->is_heir = true;
  sources_write(&r->sources, &r->aside);
  generation_close(&r->aside);
  full_check_sample(&r->aside, &r->sources.build.accounts);
  if (dup2(log, 2) == -1) end(r);
  close(log);
  close(nothing);
}

static size_t count_records(struct tables *t)
{
  text key = TEXT_ZERO, record = TEXT_ZERO;
  uint64_t at = 0;
  size_t count = 0;

  while (tables_walk(t, &at, &key, &record) == LOOKUP_FOUND) count += strncmp(text_string(&key), "table:", 6) != 0;
  text_free(&key);
  text_wipe(&record);
  return count;
}

/* Is each record of the one the other one's? *different: one that is not. */
static bool is_in(struct tables *one, struct tables *other, size_t *count, text *different)
{
  text record = TEXT_ZERO, found = TEXT_ZERO;
  uint64_t at = 0;
  bool good = true;

  while (good && tables_walk(one, &at, different, &record) == LOOKUP_FOUND) {
    char *key = strchr(text_string(different), ':') ? different->s + strcspn(different->s, ":") : 0;
    if (!key || !strncmp(different->s, "table:", 6)) continue;
    *key = 0;
    good = tables_find(other, different->s, key + 1, &found) == LOOKUP_FOUND && text_equal(&found, &record);
    *key = ':';
    ++*count;
  }
  text_wipe(&record);
  text_wipe(&found);
  return good;
}

/* Are all records of two generations the same, but for what they say of themselves? *different is empty if the other one is not kept any more. */
static bool are_same(const char *one, const char *other, const char *file, text *different)
{
  struct tables a = TABLES_ZERO, b = TABLES_ZERO;
  size_t count = 0;

  text_clear(different);
  bool same = tables_open_at(&b, other, file);
  if (!same && errno != ENOENT && errno != ESTALE) die_unable("open the tables to compare them");
  if (!tables_open_at(&a, one, file)) die_unable("open the tables to compare them");
  same = same && is_in(&a, &b, &count, different);
  if (same && count != count_records(&b)) same = false, text_copy(different, "a record that should be gone");
  tables_close(&a);
  tables_close(&b);
  return same;
}

/* Both have read the same: is what the other one has published what a full pass says? If not it is said loudly, and the full pass is published at once, or
   when what has come since then is. */
static bool verify(struct resident *r, const struct resident_state *other)
{
  text different = TEXT_ZERO;
  bool same = are_same(full_name(&r->aside), other->current, "policy", &different) && are_same(full_name(&r->aside), other->current, "auth", &different);
  int lock = full_lock();

  if (!same && different.len)
    log_event(has_come(other->next_time) ? "aged" : "mismatch", "generation", other->current, "record", text_string(&different), (char *)0);
  if (!same && has_read_same(r, other) && !full_is_held() && guard_expect(full_name(&r->aside)) && !r->follow.delta.count) take_place(r);
  close(lock);
  text_free(&different);
  return same;
}

void resident_inherit(int socket, const struct resident_state *other)
{
  struct resident r = RESIDENT_ZERO;
  struct resident_answer ready = { .code = END_DONE };
  struct stamps now;

  if (setpriority(PRIO_PROCESS, 0, NICE) == -1) die_unable("let others go first");
  build_aside(&r);
  bool is_same = has_read_same(&r, other);
  generations_current(&r.current); /* what it will follow on */
  get_ready(&r);
  bool is_confirmed = is_same && verify(&r, other) && !other->is_large && !has_come(other->next_time);
  stamps_take(&now);
  if (now.files != r.stamps.files || now.uids != r.stamps.uids || is_confirmed) end(&r);
  describe(&r, &ready.state);
  if (!tell(socket, &ready)) end(&r);
  serve(&r, socket);
}
