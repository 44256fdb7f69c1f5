#include "auth/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <skalibs/random.h>

#include "auth/bindcache.h"
#include "auth/rehash.h"
#include "auth/remember.h"
#include "auth/work.h"
#include "lib/call.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/hex.h"
#include "lib/mac.h"
#include "lib/password.h"

enum { BIND_SECONDS = 45, REMEMBER_SECONDS = 300, PROCESSORS_MAX = 64 };

/* Made by the parent; a child gets it by fork. */
static struct {
  struct remember *remember;
  text stranger; /* a record: what is stored of nobody's password, of the same cost as all new ones */
  int slots;     /* a file whose bytes are locked while a hash is computed */
  unsigned int slot_count;
} shared = { .stranger = TEXT_ZERO };

static void make_stranger(void)
{
  char bytes[32];
  text password = TEXT_ZERO, stored = TEXT_ZERO;

  random_buf(bytes, sizeof bytes);
  hex_add(&password, bytes, sizeof bytes);
  password_hash(&stored, text_string(&password));
  record_add(&shared.stranger, "password", text_string(&stored));
  text_clear(&stored);
  if (password_scram(&stored, password.s)) record_add(&shared.stranger, "password", text_string(&stored));
  text_free(&stored);
  text_free(&password);
}

void verify_prepare(void)
{
  unsigned char key[MAC_KEY_SIZE];
  long processors = sysconf(_SC_NPROCESSORS_ONLN);

  random_buf((char *)key, sizeof key);
  shared.remember = remember_make(key, (unsigned int)conf_number("authremember", REMEMBER_SECONDS, 86400));
  explicit_bzero(key, sizeof key);
  password_keep_settings();
  make_stranger();
  bindcache_prepare();
  shared.slots = memfd_create("slots", MFD_CLOEXEC);
  if (shared.slots == -1) die_unable("make a memfd");
  shared.slot_count = processors < 1 ? 1 : processors > PROCESSORS_MAX ? PROCESSORS_MAX : (unsigned int)processors;
}

/* As many hashes at once as there are processors: each costs tens of ms and some MB. The lock ends with the process. */
static bool lock_slot(short type)
{
  struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = getpid() % (pid_t)shared.slot_count, .l_len = 1 };
  return fcntl(shared.slots, F_SETLKW, &lock) == 0;
}

static enum password_result check_slowly(const char *stored, const char *password)
{
  bool is_locked = lock_slot(F_WRLCK);
  enum password_result result = password_check(stored, password);

  if (is_locked) lock_slot(F_UNLCK);
  return result;
}

void verify_hash(text *stored, const char *password)
{
  bool is_locked = lock_slot(F_WRLCK);

  password_hash(stored, password);
  if (is_locked) lock_slot(F_UNLCK);
}

/* A wrong password has been compared with these: with the rest of what a stranger's is compared with, too. */
static void complete(const text *secret, const char *password)
{
  text missing = TEXT_ZERO;
  size_t at = 0;

  work_missing(secret, &shared.stranger, &missing);
  for (const char *stored; (stored = record_next(&missing, "password", &at));) check_slowly(stored, password);
  text_wipe(&missing);
}

void verify_stranger(const char *password)
{
  text nothing = TEXT_ZERO;
  complete(&nothing, password);
}

bool verify_is_remembered(const struct attempt *a)
{
  size_t at = 0;

  for (const char *stored; (stored = record_next(&a->secret, "password", &at));) {
    struct remember_login l = { a->who, stored, a->network.s, a->try->password };
    if (remember_has(shared.remember, &l, attempt_now_ms() / 1000)) return true;
  }
  return false;
}

static enum login_result check_hashes(const struct attempt *a)
{
  size_t at = 0;

  a->answer->reason = "password";
  for (const char *stored; (stored = record_next(&a->secret, "password", &at));) {
    struct remember_login l = { a->who, stored, a->network.s, a->try->password };
    switch (check_slowly(stored, a->try->password)) {
    case PASSWORD_RIGHT:
      if (!a->try->is_test) {
        remember_add(shared.remember, &l, attempt_now_ms() / 1000);
        rehash_note(a, stored);
      }
      return LOGIN_YES;
    case PASSWORD_UNKNOWN: a->answer->reason = "stored hash cannot be checked"; break;
    case PASSWORD_WRONG: break;
    }
  }
  complete(&a->secret, a->try->password);
  return LOGIN_NO;
}

bool verify_fits(const char *key, const char *stored, const char *password)
{
  struct remember_login l = { key, stored, "bind", password }; /* no network is called that */

  if (remember_has(shared.remember, &l, attempt_now_ms() / 1000)) return true;
  if (check_slowly(stored, password) != PASSWORD_RIGHT) return false;
  remember_add(shared.remember, &l, attempt_now_ms() / 1000);
  return true;
}

/* That keys are of some password is remembered, for it costs as much as a login by PLAIN. */
bool verify_is_of_nothing(const struct attempt *a)
{
  struct remember_login l = { a->who, a->try->stored, "scram", "" }; /* no network is called that */

  if (remember_has(shared.remember, &l, attempt_now_ms() / 1000)) return false;
  bool is_locked = lock_slot(F_WRLCK), is = scramkeys_are_of_nothing(a->try->stored);
  if (is_locked) lock_slot(F_UNLCK);
  if (!is) remember_add(shared.remember, &l, attempt_now_ms() / 1000);
  return is;
}

/* No directory server can be reached: what one has said of this password lately, holds. */
static enum login_result ask_cache(const struct attempt *a)
{
  a->answer->reason = "bind";
  if (bindcache_is_disabled(&a->mailbox)) {
    bindcache_forget(a->who);
    return LOGIN_LATER;
  }
  enum bindcache_result result = bindcache_check(a->who, a->try->password);
  a->answer->is_missed = result == BINDCACHE_WRONG; /* else it could be guessed at for as long as the outage lasts */
  if (result != BINDCACHE_RIGHT) return LOGIN_LATER;
  a->answer->reason = "cached bind";
  return LOGIN_YES;
}

static enum login_result ask_bind(const struct attempt *a)
{
  text request = TEXT_ZERO, answer = TEXT_ZERO;
  enum login_result result = LOGIN_LATER;
  bool is_unreachable = false;
  size_t at = 0;

  for (const char *name; (name = record_next(&a->secret, "bind", &at));) record_add(&request, "dn", name);
  record_add(&request, "password", a->try->password);
  if (a->try->is_test) record_add(&request, "test", "yes");
  errno = 0;
  if (call_ask("auth-bind", &request, 0, 0, &answer, 0, BIND_SECONDS) != CALL_DONE) {
    is_unreachable = errno == ETIMEDOUT; /* it waits for one server after the other */
    attempt_later(a->answer, "auth-bind does not answer");
  } else if (record_is(&answer, "answer", "yes"))
    result = LOGIN_YES;
  else if (record_is(&answer, "answer", "no"))
    result = LOGIN_NO;
  else {
    errno = 0;
    attempt_later(a->answer, record_get(&answer, "error"));
    is_unreachable = record_is(&answer, "unreachable", "yes");
  }
  a->answer->reason = "bind";
  text_copy(&a->answer->said, record_get(&answer, "said"));
  if (*record_get(&answer, "cause")) {
    text_add(&a->answer->said, "; that is ");
    text_add(&a->answer->said, record_get(&answer, "cause"));
  }
  text_string(&a->answer->said);
  if (is_unreachable) bindcache_note_outage();
  if (is_unreachable && bindcache_is_on()) result = ask_cache(a);
  explicit_bzero(request.s, request.len);
  text_free(&request);
  text_free(&answer);
  return result;
}

/* What a server has said is kept, when the client has been told (login_finish); a no at once. */
static enum login_result note_bind(const struct attempt *a, enum login_result result)
{
  if (result == LOGIN_NO) bindcache_refused(a->who, a->try->password);
  if (result == LOGIN_YES && strcmp(a->answer->reason, "bind") == 0) {
    text_copy(&a->answer->bound, a->who);
    text_string(&a->answer->bound);
  }
  return result;
}

enum login_result verify_password(const struct attempt *a)
{
  bool is_asked = record_find(&a->secret, "bind");

  if (is_asked && !a->try->is_test && bindcache_is_outage() && ask_cache(a) == LOGIN_YES) return LOGIN_YES;
  if (is_asked) return note_bind(a, ask_bind(a));
  if (record_find(&a->secret, "password")) return check_hashes(a);
  verify_stranger(a->try->password);
  a->answer->reason = "no password is stored";
  return LOGIN_NO;
}
