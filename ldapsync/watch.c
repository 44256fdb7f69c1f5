#include "ldapsync/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "ldapsync/metrics.h"
#include "ldapsync/publish.h"
#include "ldapsync/watch_ad.h"
#include "lib/die.h"
#include "lib/log.h"

enum {
  QUIET_MS = 20,          /* so long nothing came: what came before it is one build */
  GATHER_MS = 100,        /* or so long after the first change */
  IDLE_MS = 2000,         /* what is looked at from time to time is looked at so often */
  AGAIN_MS = 10000,       /* until tables are asked for again that could not be made; each time twice as long */
  AGAIN_MS_MAX = 300000
};

int64_t watch_now_ms(void)
{
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The cookie is good for what was asked of whom, and by whom. */
static void describe_origin(struct watch *w)
{
  const char *group_filter = profile_group_filter(&w->source.profile);
  text words = TEXT_ZERO;

  text_add_format(&words, "%s\n%s\n%s\n%s\n%s\n", w->uri, w->source.base.s, w->source.is_external ? "external" : w->source.login.s ? text_string(&w->source.login) : "",
                  profile_filter(&w->source.profile), group_filter ? group_filter : "");
  for (const char **name = w->source.wanted; *name; name++)
    text_add_format(&words, "%s%s%s\n", *name, profile_has(&w->source.profile, "key", *name) ? " key" : "",
                    profile_has(&w->source.profile, "password", *name) ? " password" : "");
  watched_digest(&words, &w->origin);
  text_free(&words);
}

_Noreturn void watch_fail(const struct watch *w, int code, const char *what)
{
  text error = TEXT_ZERO;

  ldapserver_explain(w->ld, code, &error);
  die_temporary(w->uri, ": ", what, ": ", error.s);
}

/* 389 DS, and Red Hat's: who comes with a cookie is told neither who has left the filter nor the operational attributes of who has changed, his id with
   them (seen of 2.3). It is asked for all that it has, each time, and what is known already is no change. */
static bool is_forgetful(const struct watch *w)
{
  LDAPMessage *result = 0;
  int code = ldap_search_ext_s(w->ld, "", LDAP_SCOPE_BASE, "(objectClass=*)", (char *[]){ (char *)"vendorVersion", 0 }, 0, 0, 0, 0, LDAP_NO_LIMIT, &result);
  if (code != LDAP_SUCCESS) watch_fail(w, code, "ask what it is");
  LDAPMessage *entry = ldap_first_entry(w->ld, result);
  struct berval **values = entry ? ldap_get_values_len(w->ld, entry, "vendorVersion") : 0;
  bool is = values && values[0] && memmem(values[0]->bv_val, values[0]->bv_len, "-Directory/", strlen("-Directory/"));

  ldap_value_free_len(values);
  ldap_msgfree(result);
  return is;
}

/* What an earlier one has left, if it still belongs together. */
static void load(struct watch *w)
{
  bool is_published, is_there = watched_load(&w->file, &w->replica, &w->source.profile, w->origin.s, &is_published);

  w->had_cookie = is_there && !is_forgetful(w);
  w->is_changed = !is_published;
  w->has_deleted = !is_there;
  w->changed_at = watch_now_ms();
}

/* People and groups in one search: one order of changes, one cookie. */
void watch_make_filter(const struct profile *p, text *filter)
{
  if (profile_group_filter(p))
    text_add_format(filter, "(|%s%s)", profile_filter(p), profile_group_filter(p));
  else
    text_add(filter, profile_filter(p));
  text_string(filter);
}

static void ask(struct watch *w)
{
  text filter = TEXT_ZERO, value = TEXT_ZERO;

  watch_make_filter(&w->source.profile, &filter);
  syncvalue_request(&value, w->had_cookie ? &w->replica.cookie : 0);
  LDAPControl request = { .ldctl_oid = SYNCVALUE_REQUEST, .ldctl_value = { value.len, value.s }, .ldctl_iscritical = 1 };
  LDAPControl *controls[] = { &request, 0 };
  int code = ldap_search_ext(w->ld, w->source.base.s, LDAP_SCOPE_SUBTREE, filter.s, (char **)w->source.wanted, 0, controls, 0, 0,
                             LDAP_NO_LIMIT, &w->message);
  if (code != LDAP_SUCCESS) watch_fail(w, code, "ask for changes");
  replica_refresh_begin(&w->replica);
  text_free(&filter);
  text_free(&value);
}

/* The next start asks for everything. */
_Noreturn static void forget(struct watch *w, const char *why)
{
  watched_forget();
  die_temporary(w->uri, ": ", why, ": everything is asked for again");
}

static void take_cookie(struct watch *w, const struct syncvalue_bytes *cookie)
{
  if (!cookie->bytes) return;
  text_copy_bytes(&w->replica.cookie, (const char *)cookie->bytes, cookie->length);
  w->is_unsaved = true;
}

void watch_note_change(struct watch *w)
{
  if (!w->is_changed) w->is_changed = true, w->changed_at = watch_now_ms();
}

void watch_delete(struct watch *w, const unsigned char *uuid)
{
  if (!replica_delete(&w->replica, uuid)) return; /* it was none of ours */
  w->has_deleted = true;
  watch_note_change(w);
}

static void take_presence(struct watch *w, const unsigned char *uuid)
{
  if (!replica_see(&w->replica, uuid)) forget(w, "it has an entry that is not known here");
}

void watch_store(struct watch *w, LDAP *ld, LDAPMessage *entry, const unsigned char *uuid)
{
  text ldif = TEXT_ZERO, key = TEXT_ZERO;

  if (!source_entry(&w->source, ld, entry, &ldif, &key)) forget(w, "an entry without a DN");
  if (replica_set(&w->replica, uuid, &key, &ldif)) watch_note_change(w);
  text_free(&ldif);
  text_free(&key);
}

static void take_entry(struct watch *w, LDAPMessage *entry)
{
  LDAPControl **controls = 0, *control;
  struct syncvalue_entry e;

  int code = ldap_get_entry_controls(w->ld, entry, &controls);
  if (code != LDAP_SUCCESS) watch_fail(w, code, "read an entry");
  control = ldap_control_find(SYNCVALUE_STATE, controls, 0);
  if (!control || !syncvalue_entry_parse(control->ldctl_value.bv_val, control->ldctl_value.bv_len, &e))
    die_temporary(w->uri, ": an entry without its state (RFC 4533 2.3)");
  switch (e.state) {
  case SYNCVALUE_PRESENT: take_presence(w, e.uuid); break;
  case SYNCVALUE_ADD:
  case SYNCVALUE_MODIFY: watch_store(w, w->ld, entry, e.uuid); break;
  case SYNCVALUE_DELETE: watch_delete(w, e.uuid); break;
  }
  take_cookie(w, &e.cookie);
  ldap_controls_free(controls);
}

void watch_say(const struct watch *w, const char *event, const char *form)
{
  text count = TEXT_ZERO;

  text_add_number(&count, w->replica.count);
  log_event(event, "server", w->uri, "entries", text_string(&count), "form", form, (char *)0);
  text_free(&count);
}

/* Who was not named in a refresh of those that are present is gone (RFC 4533 3.3.1); so is, when we had nothing, who was not sent. */
static void end_phase(struct watch *w, const struct syncvalue_info *i)
{
  if (w->is_following) return;
  if ((i->kind == SYNCVALUE_REFRESH_PRESENT || !w->had_cookie) && replica_delete_unseen(&w->replica)) {
    w->has_deleted = true;
    watch_note_change(w);
  }
  if (!i->is_done) return;
  w->is_following = true;
  watch_say(w, w->had_cookie ? "resumed" : "read", !w->had_cookie ? 0 : i->kind == SYNCVALUE_REFRESH_PRESENT ? "present" : "delete");
}

static void take_ids(struct watch *w, const struct syncvalue_info *i)
{
  struct syncvalue_bytes ids = i->ids;

  for (const unsigned char *id; (id = syncvalue_next_id(&ids));)
    if (i->is_deleted)
      watch_delete(w, id);
    else
      take_presence(w, id);
}

static void take_info(struct watch *w, LDAPMessage *message)
{
  struct berval *value = 0;
  char *oid = 0;
  struct syncvalue_info i;

  int code = ldap_parse_intermediate(w->ld, message, &oid, &value, 0, 0);
  if (code != LDAP_SUCCESS) watch_fail(w, code, "read what it says");
  if (oid && !strcmp(oid, SYNCVALUE_INFO)) {
    if (!value || !syncvalue_info_parse(value->bv_val, value->bv_len, &i)) die_temporary(w->uri, ": a message that RFC 4533 2.5 does not know");
    if (i.kind == SYNCVALUE_ID_SET) take_ids(w, &i);
    if (i.kind == SYNCVALUE_REFRESH_DELETE || i.kind == SYNCVALUE_REFRESH_PRESENT) end_phase(w, &i);
    take_cookie(w, &i.cookie);
  }
  ldap_memfree(oid);
  ber_bvfree(value);
}

/* The search has ended, which it should not. Without a cookie a limit of the server's may be why: a full pass asks in pages. */
static int take_end(struct watch *w, LDAPMessage *message)
{
  text error = TEXT_ZERO;
  int said = LDAP_SUCCESS, code = ldap_parse_result(w->ld, message, &said, 0, 0, 0, 0, 0);

  if (code != LDAP_SUCCESS) watch_fail(w, code, "read its answer");
  if (said == SYNCVALUE_REFRESH_REQUIRED) forget(w, "it wants a full refresh");
  if (said == LDAP_UNAVAILABLE_CRITICAL_EXTENSION && watch_ad_is(w)) return watch_ad_follow(w);
  ldapserver_explain(w->ld, said, &error);
  bool is_unable = said == LDAP_UNAVAILABLE_CRITICAL_EXTENSION || said == LDAP_SIZELIMIT_EXCEEDED || said == LDAP_ADMINLIMIT_EXCEEDED ||
                   said == LDAP_TIMELIMIT_EXCEEDED;
  bool is_busy = w->is_following || said == LDAP_BUSY || said == LDAP_UNAVAILABLE;
  if (!is_unable && !is_busy && w->had_cookie) forget(w, error.s);
  log_event(is_unable ? "polling" : "ended", "server", w->uri, "reason", error.s, (char *)0);
  text_free(&error);
  return is_unable ? END_NO : w->is_following ? END_DONE : END_TEMPORARY;
}

/* Groups alone are not a directory. */
static bool has_people(struct watch *w)
{
  LDAPMessage *result = 0;
  int code = ldap_search_ext_s(w->ld, w->source.base.s, LDAP_SCOPE_SUBTREE, profile_filter(&w->source.profile), (char *[]){ (char *)"1.1", 0 },
                               0, 0, 0, 0, 1, &result);
  bool has = ldap_count_entries(w->ld, result) > 0;

  ldap_msgfree(result);
  if (code != LDAP_SUCCESS && code != LDAP_SIZELIMIT_EXCEEDED) watch_fail(w, code, "ask whether there is anybody");
  return has;
}

/* False: ldap-fetch has written something else, and who is right is not known here. */
static bool write_file(struct watch *w)
{
  int lock = source_lock();
  bool good = watched_check(&w->file, &w->replica);

  if (good && (w->is_changed || !w->file.is_ours)) {
    watched_store(&w->file, &w->replica, w->origin.s);
    w->is_changed = w->has_deleted = false;
    w->is_unsaved = true;
  }
  close(lock);
  return good;
}

/* Only what the tables have may be passed over by the next start. */
static void save(struct watch *w)
{
  watched_save(&w->file, &w->replica, w->origin.s);
  w->is_unsaved = false;
}

static void publish(struct watch *w)
{
  bool is_done = publish_ask() == END_DONE;

  if (is_done) metrics_directory();

  w->again_at = is_done ? 0 : watch_now_ms() + w->again_ms;
  if (w->again_ms < AGAIN_MS_MAX) w->again_ms *= 2;
  if (is_done) save(w);
}

/* What has come is written and published. False: begin anew. */
bool watch_settle(struct watch *w)
{
  if (w->has_deleted && !has_people(w)) {
    log_event("nobody", "server", w->uri, "reason", "the profile's filter finds nobody: nothing is changed", (char *)0);
    w->changed_at = watch_now_ms() + AGAIN_MS;
    return true;
  }
  if (!write_file(w)) return false;
  w->again_ms = AGAIN_MS;
  publish(w);
  watch_say(w, "followed", 0);
  return true;
}

/* Nothing came for a while. False: begin anew. */
bool watch_look_around(struct watch *w)
{
  text settings = TEXT_ZERO;

  watched_settings(&settings);
  bool is_same = text_is(&settings, w->settings.s);
  if (!is_same) log_event("anew", "reason", "control/ or the profile has changed", (char *)0);
  text_free(&settings);
  if (!is_same || w->is_changed) return is_same;
  if (!write_file(w)) return false;
  if (w->again_at && watch_now_ms() >= w->again_at) publish(w);
  if (!w->again_at) metrics_directory();
  if (w->is_unsaved && !w->again_at) save(w);
  return true;
}

/* How long the next message is waited for. */
static int64_t patience(const struct watch *w)
{
  if (!w->is_following) return w->source.server.timeout_seconds * (int64_t)1000;
  return w->is_changed && w->changed_at <= watch_now_ms() ? QUIET_MS : IDLE_MS;
}

static int follow(struct watch *w)
{
  for (;;) {
    LDAPMessage *message = 0;
    int64_t wait = patience(w);
    struct timeval timeout = { .tv_sec = wait / 1000, .tv_usec = wait % 1000 * 1000 };
    int kind = ldap_result(w->ld, w->message, LDAP_MSG_ONE, &timeout, &message), end = -1;
    switch (kind) {
    case LDAP_RES_SEARCH_ENTRY: take_entry(w, message); break;
    case LDAP_RES_INTERMEDIATE: take_info(w, message); break;
    case LDAP_RES_EXTENDED: /* Samba's answer to a control that it does not know */
    case LDAP_RES_SEARCH_RESULT: end = take_end(w, message); break;
    case -1: log_event("lost", "server", w->uri, (char *)0); end = w->is_following ? END_DONE : END_TEMPORARY; break;
    case 0:
      if (!w->is_following) die_temporary(w->uri, ": it is silent in the middle of what it has");
    }
    ldap_msgfree(message);
    if (end >= 0) return end;
    if (!w->is_following) continue;
    bool is_due = w->is_changed && (kind == 0 || watch_now_ms() - w->changed_at >= GATHER_MS) && w->changed_at <= watch_now_ms();
    if (is_due ? !watch_settle(w) : kind == 0 && !watch_look_around(w)) return END_DONE;
  }
}

int watch_run(void)
{
  struct watch w = { .source = SOURCE_ZERO, .replica = REPLICA_ZERO, .file = WATCHED_ZERO };

  watched_settings(&w.settings);
  source_read(&w.source);
  w.ld = source_connect(&w.source, &w.uri);
  text_wipe(&w.source.password);
  describe_origin(&w);
  load(&w);
  ask(&w);
  return follow(&w);
}
