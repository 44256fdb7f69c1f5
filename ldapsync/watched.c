#include "ldapsync/watched.h"

#include <errno.h>

#include <skalibs/djbunix.h>
#include <skalibs/sha256.h>

#include "ldapsync/source.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/hex.h"
#include "lib/log.h"

void watched_digest(const text *bytes, text *hex)
{
  SHA256Schedule schedule = SHA256_INIT();
  char digest[32];

  sha256_init(&schedule);
  if (bytes->len) sha256_update(&schedule, bytes->s, bytes->len);
  sha256_final(&schedule, digest);
  text_clear(hex);
  hex_add(hex, digest, sizeof digest);
  text_string(hex);
}

static void look(struct watched *w)
{
  if (stat(WATCHED_PATH, &w->status) == -1) die_unable("look at " WATCHED_PATH);
}

void watched_read(struct watched *w, text *bytes)
{
  text_clear(bytes);
  text_clear(&w->digest);
  if (!openslurpclose(bytes, WATCHED_PATH)) {
    if (errno != ENOENT) die_unable("read " WATCHED_PATH);
    return;
  }
  look(w);
  watched_digest(bytes, &w->digest);
}

static bool is_same_file(const struct watched *w)
{
  const struct timespec *known = &w->status.st_mtim;
  struct stat s;

  if (stat(WATCHED_PATH, &s) == -1) return errno == ENOENT && !w->digest.len;
  return w->digest.len && s.st_ino == w->status.st_ino && s.st_size == w->status.st_size && s.st_mtim.tv_sec == known->tv_sec &&
         s.st_mtim.tv_nsec == known->tv_nsec;
}

bool watched_check(struct watched *w)
{
  struct watched now = WATCHED_ZERO;
  text bytes = TEXT_ZERO;

  if (is_same_file(w)) return true;
  watched_read(&now, &bytes);
  bool is_same = now.digest.len && text_is(&w->digest, now.digest.s);
  w->status = now.status;
  text_free(&now.digest);
  text_free(&bytes);
  return is_same;
}

void watched_write(struct watched *w, const text *bytes)
{
  text digest = TEXT_ZERO;

  watched_digest(bytes, &digest);
  if (!text_is(&w->digest, digest.s)) {
    if (!file_replace(SOURCE_FOLDER, SOURCE_FILE, bytes, 0640)) die_unable("write " WATCHED_PATH);
    look(w);
    text_copy(&w->digest, digest.s);
    text_string(&w->digest);
  }
  text_free(&digest);
}

static void add_settings(text *words, const char *folder, const char *name)
{
  text path = TEXT_ZERO;
  struct stat s = { .st_ino = 0 };

  text_add_format(&path, "%s/%s", folder, name);
  if (stat(text_string(&path), &s) == -1) s = (struct stat){ .st_ino = 0 };
  text_add_format(words, "%llu %lld.%ld %lld;", (unsigned long long)s.st_ino, (long long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec,
                  (long long)s.st_size);
  text_free(&path);
}

void watched_settings(text *words)
{
  static const char *const names[] = { "ldapserver", "ldaptls",     "ldapca.pem",  "ldaptimeout", "ldapbasedn",
                                       "ldaplogin",  "ldappassword", "ldapprofile", "ldappoll", "ldapmechanism", "ldapclient.pem", 0 };
  text profiles = TEXT_ZERO;

  text_clear(words);
  for (size_t i = 0; names[i]; i++) add_settings(words, "control", names[i]);
  conf_lines("ldapprofile", &profiles);
  if (!profiles.len) text_add_bytes(&profiles, "rfc2307", sizeof "rfc2307");
  for (size_t at = 0; at < profiles.len; at += strlen(profiles.s + at) + 1) {
    add_settings(words, "control/profiles", profiles.s + at);
    add_settings(words, "profiles", profiles.s + at);
  }
  text_string(words);
  text_free(&profiles);
}
