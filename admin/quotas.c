#include "admin/quotas.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "admin/listing.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/json.h"
#include "lib/maildirsize.h"

enum { FILE_MAX_BYTES = 1024 * 1024 };

/* mail/PATH/maildirsize is its owner's: it may be anything. False: it is not there, or not to be relied on. */
static bool read_used(const char *mailbox, uint64_t quota, struct maildirsize *used)
{
  text path = TEXT_ZERO, bytes = TEXT_ZERO;
  struct stat status;
  size_t lines;

  text_add_format(&path, "%s%s/maildirsize", *mailbox == '/' ? "" : "mail/", mailbox);
  int fd = open(text_string(&path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd == -1 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP) die_unable("open ", path.s);
  bool good = fd != -1 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= FILE_MAX_BYTES && slurp(&bytes, fd) &&
              maildirsize_parse(text_string(&bytes), bytes.len, quota, used, &lines);
  if (fd != -1) close(fd);
  text_free(&path);
  text_free(&bytes);
  return good;
}

static uint64_t percent(const struct maildirsize *used, uint64_t quota)
{
  return used->bytes <= 0 ? 0 : (uint64_t)((double)used->bytes * 100 / (double)quota);
}

static void add_json(const char *name, const struct maildirsize *used, uint64_t quota, text *line)
{
  text_add_char(line, '{');
  json_pair(line, "account", name);
  text_add_format(line, ",\"quota\":%llu", (unsigned long long)quota);
  if (used) text_add_format(line, ",\"used\":%lld,\"messages\":%lld,\"percent\":%llu", (long long)used->bytes, (long long)used->messages, (unsigned long long)percent(used, quota));
  text_add_char(line, '}');
}

/* Those with a quota: who has none is not counted. */
static void format_quota(struct listing *l, const char *key, const text *record, text *line)
{
  struct maildirsize used;
  uint64_t quota = 0;
  bool is_public = record_is(record, "kind", "public");
  text name = TEXT_ZERO;

  (void)key;
  if (!record_number(record, "quota", INT64_MAX, &quota)) quota = conf_size("defaultquotasize", 0);
  if (!quota) return;
  text_add_format(&name, "%s%s", is_public ? "public:" : "", is_public ? listing_public_name(record) : record_get(record, "name"));
  bool is_known = read_used(record_get(record, "path"), quota, &used);
  if (l->is_json)
    add_json(text_string(&name), is_known ? &used : 0, quota, line);
  else if (is_known)
    text_add_format(line, "%s %lld %llu %llu%%", text_string(&name), (long long)used.bytes, (unsigned long long)quota, (unsigned long long)percent(&used, quota));
  else
    text_add_format(line, "%s - %llu -", text_string(&name), (unsigned long long)quota);
  text_free(&name);
}

void quotas_list(const char *const *arguments, bool is_json)
{
  (void)arguments;
  listing_run("mailbox", is_json, format_quota);
}
