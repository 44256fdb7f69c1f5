#include "send/token_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include <skalibs/djbunix.h>
#include <skalibs/sha256.h>

#include "lib/file.h"
#include "lib/hex.h"

#define FOLDER "state/token"

static void set_name(text *name, const char *rule, const char *ending)
{
  text_clear(name);
  file_name_add(name, rule, strlen(rule));
  text_add(name, ending);
  text_string(name);
}

static void set_path(text *path, const char *rule, const char *ending)
{
  text name = TEXT_ZERO;

  set_name(&name, rule, ending);
  text_copy(path, FOLDER "/");
  text_add_text(path, &name);
  text_string(path);
  text_free(&name);
}

bool send_token_cache_lock(const char *rule)
{
  text path = TEXT_ZERO;

  set_path(&path, rule, "%lock");
  int file = open(path.s, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  text_free(&path);
  return file != -1 && !flock(file, LOCK_EX);
}

/* A rule that has another command has another token. */
static void add_digest(const text *command, text *digest)
{
  SHA256Schedule hash = SHA256_INIT();
  char bytes[32];

  sha256_update(&hash, command->s, command->len);
  sha256_final(&hash, bytes);
  hex_add(digest, bytes, sizeof bytes);
  text_string(digest);
}

bool send_token_cache_read(const char *rule, const text *command, uint64_t now, struct token_entry *e)
{
  text path = TEXT_ZERO, bytes = TEXT_ZERO, digest = TEXT_ZERO;

  set_path(&path, rule, "");
  add_digest(command, &digest);
  bool good = openslurpclose(&bytes, path.s) && record_check(&bytes) && record_is(&bytes, "command", digest.s) &&
              record_number(&bytes, "until", INT64_MAX, &e->until) && record_number(&bytes, "made", INT64_MAX, &e->made) && now < e->until &&
              e->made <= now;
  if (good) {
    text_copy(&e->token, record_get(&bytes, "token"));
    text_copy(&e->error, record_get(&bytes, "error"));
  }
  text_wipe(&bytes);
  text_free(&path);
  text_free(&digest);
  return good;
}

bool send_token_cache_write(const char *rule, const text *command, const struct token_entry *e)
{
  text name = TEXT_ZERO, bytes = TEXT_ZERO, digest = TEXT_ZERO;

  set_name(&name, rule, "");
  add_digest(command, &digest);
  record_add(&bytes, "command", digest.s);
  record_add_number(&bytes, "made", e->made);
  record_add_number(&bytes, "until", e->until);
  record_add_bytes(&bytes, "token", e->token.s, e->token.len);
  record_add_bytes(&bytes, "error", e->error.s, e->error.len);
  bool good = file_replace(FOLDER, name.s, &bytes, 0600);
  text_wipe(&bytes);
  text_free(&name);
  text_free(&digest);
  return good;
}

void send_token_entry_wipe(struct token_entry *e)
{
  text_wipe(&e->token);
  text_free(&e->error);
}
