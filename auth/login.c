#include "auth/login.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "auth/apps.h"
#include "auth/bindcache.h"
#include "auth/master.h"
#include "auth/rehash.h"
#include "auth/stranger.h"
#include "auth/tries.h"
#include "auth/verify.h"
#include "lib/tables.h"

enum { NO_AFTER_MS = 300, KEYS_AFTER_MS = 10, OPEN_TRIES = 3 };

/* Made by the parent; a child gets it by fork. */
static struct {
  struct tables policy, auth;
} shared = { .policy = TABLES_ZERO, .auth = TABLES_ZERO };

void login_prepare(void)
{
  tries_prepare();
  verify_prepare();
}

/* Both from one generation, also while the next one is being published. */
static bool open_tables(void)
{
  for (unsigned int i = 0; i < OPEN_TRIES; i++) {
    if (!tables_open(&shared.policy, "policy") || !tables_open(&shared.auth, "auth")) return false;
    if (!strcmp(shared.policy.generation.s, shared.auth.generation.s)) return true;
  }
  errno = EAGAIN;
  return false;
}

void login_refresh(void) { open_tables(); /* a child that finds none says so to its caller */ }

/* A host that hands in mail by a password of control/backends (S-21). */
static enum lookup_result find_backend(struct attempt *a)
{
  text_copy(&a->answer->backend, record_get(&a->mailbox, "backend"));
  return tables_find(&shared.auth, "backend", text_string(&a->answer->backend), &a->secret);
}

/* N-97: a master who is no user. A user of that name does not log in by it. */
static enum lookup_result find_reserved(struct attempt *a)
{
  if (!a->try->acts_for || !master_secret(&a->secret)) return LOOKUP_ABSENT;
  text_clear(&a->mailbox);
  record_add(&a->mailbox, "name", MASTER_RESERVED);
  text_copy(&a->answer->mailbox, MASTER_RESERVED);
  text_string(&a->answer->mailbox);
  a->is_reserved = true;
  return LOOKUP_FOUND;
}

/* Finds the mailbox of a login, or the backend. ABSENT: the name is nobody's. */
static enum lookup_result find_mailbox(struct attempt *a)
{
  if (master_is_reserved(a->try->login)) return find_reserved(a);
  enum lookup_result result = tables_find(&shared.policy, "login", a->try->login, &a->mailbox);

  if (result != LOOKUP_FOUND) return result;
  if (record_find(&a->mailbox, "backend")) return find_backend(a);
  text_copy(&a->answer->mailbox, record_get(&a->mailbox, "mailbox"));
  result = tables_find(&shared.policy, "mailbox", text_string(&a->answer->mailbox), &a->mailbox);
  if (result != LOOKUP_FOUND) return LOOKUP_BROKEN; /* a login leads to a mailbox */
  result = tables_find(&shared.auth, "mailbox", a->answer->mailbox.s, &a->secret);
  if (result == LOOKUP_ABSENT) text_clear(&a->secret);
  if (result != LOOKUP_BROKEN && tables_find(&shared.auth, "app", a->answer->mailbox.s, &a->apps) == LOOKUP_BROKEN) result = LOOKUP_BROKEN;
  return result == LOOKUP_BROKEN ? LOOKUP_BROKEN : LOOKUP_FOUND;
}

/* A name that the client says leads to the same mailbox. What vouches for people vouches for no backend. */
static enum login_result check_vouched(const struct attempt *a)
{
  text other = TEXT_ZERO;
  bool is_own = !a->answer->backend.len && (!*a->try->acts_as || (tables_find(&shared.policy, "login", a->try->acts_as, &other) == LOOKUP_FOUND &&
                                                                  record_is(&other, "mailbox", a->answer->mailbox.s)));

  text_free(&other);
  a->answer->reason = is_own ? a->try->vouched : "another identity";
  return is_own && a->try->is_proved ? LOGIN_YES : LOGIN_NO;
}

/* The keys are compared once more: a password that was changed meanwhile counts at once. */
static enum login_result check_proof(const struct attempt *a)
{
  if (!tries_may(a)) return LOGIN_LATER;
  if (a->try->vouched) return check_vouched(a);
  a->answer->reason = "proof";
  if (!a->try->is_proved || !record_has(&a->secret, "password", a->try->stored)) return LOGIN_NO;
  if (!verify_is_of_nothing(a)) return LOGIN_YES;
  a->answer->reason = "empty";
  return LOGIN_NO;
}

/* Where the name is a stranger, or has failed too often, what is remembered would be a way to guess without being slowed. */
static bool is_remembered(const struct attempt *a)
{
  return !a->try->is_test && tries_is_known(a) && verify_is_remembered(a);
}

static enum login_result check_password(const struct attempt *a)
{
  if (!a->try->password) return check_proof(a);
  if (is_remembered(a)) {
    a->answer->reason = "remembered";
    return LOGIN_YES;
  }
  if (!tries_may(a)) return LOGIN_LATER;
  if (!a->try->acts_for && apps_find(&a->apps, a->try->password, &a->answer->app)) { /* before anything slow, and who may be out of reach */
    a->answer->reason = "app password";
    return LOGIN_YES;
  }
  return verify_password(a);
}

bool login_is_service(const char *service)
{
  static const char *const services[] = { "imap", "pop3", "sieve", "submit", 0 };

  for (const char *const *s = services; *s; s++)
    if (!strcmp(*s, service)) return true;
  return false;
}

/* May it be used for this? submit=no forbids sending, not logging in (P-05): the server says so at MAIL, where it can be understood. */
static const char *refusal_of(const struct attempt *a)
{
  const char *service = a->try->service;

  if (a->is_reserved) return 0;
  if (a->answer->app.id.len && !apppassword_serves(&a->answer->app, service)) return "app password is not for this service";
  if (!strcmp(service, "imap") && !record_is(&a->mailbox, service, "yes")) return "imap is not allowed";
  if (!strcmp(service, "pop3") && record_is(&a->mailbox, service, "no")) return "pop3 is not allowed";
  if (!strcmp(service, "sieve") && record_is(&a->mailbox, service, "no")) return "sieve is not allowed";
  return 0;
}

/* It hands in mail and does nothing else; its name is its login. */
static enum login_result admit_backend(const struct attempt *a)
{
  if (strcmp(a->try->service, "submit") || a->try->acts_for) {
    a->answer->reason = "a backend may submit only";
    return LOGIN_NO;
  }
  text_copy(&a->answer->name, a->try->login);
  text_string(&a->answer->name);
  return LOGIN_YES;
}

static enum login_result check_known(const struct attempt *a)
{
  enum login_result result = check_password(a);

  if (result == LOGIN_NO || (result == LOGIN_LATER && a->answer->is_missed)) tries_failed(a);
  if (result != LOGIN_YES) return result;
  tries_right(a);
  if (a->answer->backend.len) return admit_backend(a);
  const char *refusal = refusal_of(a);
  if (!refusal && a->try->acts_for) refusal = master_act(a, &shared.policy);
  if (refusal) {
    a->answer->reason = refusal;
    return LOGIN_NO;
  }
  if (!a->try->acts_for) text_copy(&a->answer->name, record_get(&a->mailbox, "name"));
  text_string(&a->answer->name);
  a->answer->is_ours = !strncmp(record_get(&a->mailbox, "from"), "directory/", 10);
  return LOGIN_YES;
}

static enum login_result check_unknown(const struct attempt *a)
{
  if (!tries_may(a)) return LOGIN_LATER;
  if (a->try->password) verify_stranger(a->try->password);
  tries_failed(a);
  a->answer->reason = "unknown";
  return LOGIN_NO;
}

/* By whom the tries are counted. */
static void count_by(struct attempt *a, enum lookup_result found)
{
  if (found != LOOKUP_FOUND)
    tries_unknown(&a->counted, a->try->login);
  else if (a->answer->backend.len)
    guess_who_backend(&a->counted, a->answer->backend.s);
  else
    guess_who_mailbox(&a->counted, record_get(&a->mailbox, "name"));
}

static bool identify(struct attempt *a, enum lookup_result *found)
{
  errno = 0;
  *found = LOOKUP_BROKEN;
  if (!open_tables())
    attempt_later(a->answer, "no tables");
  else if ((*found = find_mailbox(a)) == LOOKUP_BROKEN)
    attempt_later(a->answer, "the tables cannot be read");
  else
    count_by(a, *found);
  return *found != LOOKUP_BROKEN;
}

static enum login_result check_refused(struct attempt *a)
{
  enum lookup_result found;
  return identify(a, &found) && !tries_are_refused(a) ? LOGIN_YES : LOGIN_LATER;
}

static enum login_result check(struct attempt *a)
{
  enum lookup_result found;

  if ((a->try->password && !*a->try->password) || !*a->try->login) {
    a->answer->reason = "empty";
    return LOGIN_NO;
  }
  if (!identify(a, &found)) return LOGIN_LATER;
  if (found == LOOKUP_ABSENT) return check_unknown(a);
  a->who = a->answer->backend.len ? a->answer->backend.s : a->answer->mailbox.s;
  return check_known(a);
}

static bool is_of_our_domain(const char *login)
{
  const char *at = strrchr(login, '@');
  text domain = TEXT_ZERO;
  bool is_ours = at && tables_find(&shared.policy, "domain", at + 1, &domain) == LOOKUP_FOUND && !record_find(&domain, "relay");

  text_free(&domain);
  return is_ours;
}

/* People type passwords where the name belongs, and the log is for others to read. */
void login_show(const char *login, text *shown)
{
  text ignored = TEXT_ZERO;

  text_clear(shown);
  if (!*login) return;
  if (master_is_reserved(login) || (open_tables() && (tables_find(&shared.policy, "login", login, &ignored) == LOOKUP_FOUND || is_of_our_domain(login)))) {
    text_copy(shown, login);
    text_string(shown);
  } else
    tries_unknown(shown, login);
  text_free(&ignored);
}

void login_split(const char *said, text *login, text *acts_for)
{
  text ignored = TEXT_ZERO;

  text_copy(login, said);
  text_string(login);
  text_clear(acts_for);
  if (!open_tables() || tables_find(&shared.policy, "login", said, &ignored) != LOOKUP_FOUND) master_split(said, acts_for, login);
  text_string(acts_for);
  text_free(&ignored);
}

void login_forget(struct login_answer *answer)
{
  text_copy(&answer->mailbox, ""), text_copy(&answer->backend, ""), text_copy(&answer->master, "");
  text_string(&answer->mailbox), text_string(&answer->backend), text_string(&answer->master);
  answer->reason = "";
}

static enum login_result decide(const struct login_try *try, struct login_answer *answer, enum login_result (*how)(struct attempt *))
{
  struct attempt a = { .try = try, .answer = answer, .mailbox = TEXT_ZERO, .secret = TEXT_ZERO, .network = TEXT_ZERO,
                       .counted = TEXT_ZERO, .who = try->login };
  uint64_t began = attempt_now_ms();

  login_forget(answer);
  apps_none(&answer->app);
  answer->is_missed = false;
  text_wipe(&answer->fits);
  text_clear(&answer->bound);
  tries_network(try->ip, &a.network);
  enum login_result result = how(&a);
  /* Cheap hashes and dear ones, a bind and an unknown name, who is refused unlooked at: none is told before this, so none tells which it was. */
  uint64_t took = attempt_now_ms() - began; /* up to a millisecond less than it was, or more: so one more is waited */
  if (result != LOGIN_YES && took < NO_AFTER_MS) tries_wait(NO_AFTER_MS - took + 1);
  text_free(&a.mailbox);
  text_wipe(&a.secret);
  text_wipe(&a.apps);
  text_free(&a.network);
  text_free(&a.counted);
  return result;
}

enum login_result login_may_try(const struct login_try *try, struct login_answer *answer) { return decide(try, answer, check_refused); }
enum login_result login_check(const struct login_try *try, struct login_answer *answer) { return decide(try, answer, check); }

void login_finish(const struct login_try *try, struct login_answer *answer)
{
  if (answer->app.id.len) apps_note(answer->app.id.s);
  if (try->password) rehash_run(answer, try->password);
  text_wipe(&answer->fits);
  if (!answer->bound.len || !try->password) return;
  bindcache_keep(answer->bound.s, try->password);
  if (open_tables()) bindcache_sweep(&shared.policy, &shared.auth);
}

bool login_has_keys(enum scramhash hash)
{
  return hash == SCRAMHASH_SHA_1 ? tables_offer_scram_sha1(&shared.policy) : tables_offer_scram(&shared.policy);
}

static bool find_keys(const struct attempt *a, struct scramkeys *keys, text *stored)
{
  size_t at = 0;

  for (const char *value; (value = record_next(&a->secret, "password", &at));)
    if (scramkeys_parse_by(keys, value, keys->hash)) {
      text_copy(stored, value);
      return true;
    }
  return false;
}

/* None comes sooner than this, which is many times what the look-ups take: so the time does not tell who is a stranger. */
enum login_result login_keys(const struct login_try *try, struct scramkeys *keys, text *stored, struct login_answer *answer)
{
  struct attempt a = { .try = try, .answer = answer, .mailbox = TEXT_ZERO, .secret = TEXT_ZERO, .network = TEXT_ZERO, .counted = TEXT_ZERO };
  enum login_result result = LOGIN_YES;
  text record = TEXT_ZERO;
  uint64_t began = attempt_now_ms();

  text_copy(stored, "");
  errno = 0;
  if (!open_tables())
    result = attempt_later(answer, "no tables");
  else if (find_mailbox(&a) == LOOKUP_BROKEN || tables_find(&shared.auth, "scram", "stranger", &record) != LOOKUP_FOUND ||
           (!find_keys(&a, keys, stored) && !auth_stranger_keys(keys, &record, try->login)))
    result = attempt_later(answer, "the tables cannot be read");
  text_string(stored);
  uint64_t took = attempt_now_ms() - began;
  if (took < KEYS_AFTER_MS) tries_wait(KEYS_AFTER_MS - took + 1);
  text_free(&a.mailbox);
  text_wipe(&a.secret);
  text_wipe(&a.apps);
  text_free(&record);
  return result;
}
