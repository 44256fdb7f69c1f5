#include "lib/signer.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>

#include "lib/address.h"
#include "lib/conf.h"
#include "lib/dkim_list.h"
#include "lib/envelope.h"
#include "lib/file.h"

static bool has_line(const text *lines, const char *domain)
{
  size_t length = strlen(domain);

  for (size_t at = 0; at < lines->len; at += strlen(lines->s + at) + 1)
    if (strlen(lines->s + at) > length && bytes_are_nocase(lines->s + at, domain, length) && ascii_is_space(lines->s[at + length])) return true;
  return false;
}

/* A name may be written with capitals, or in another script. */
static bool has_file(const char *domain)
{
  text names = TEXT_ZERO, folded = TEXT_ZERO;
  bool has = false;

  if (folder_names("control/domains", 0, &names))
    for (size_t at = 0; !has && at < names.len; at += strlen(names.s + at) + 1)
      has = domain_fold(names.s + at, strlen(names.s + at), &folded) && text_is(&folded, domain);
  text_free(&names);
  text_free(&folded);
  return has;
}

static bool is_ours(struct tables *policy, const char *domain)
{
  text record = TEXT_ZERO;

  if (!policy) return has_file(domain);
  bool is = (policy->file || tables_open(policy, "policy")) && tables_find(policy, "domain", domain, &record) == LOOKUP_FOUND;

  text_free(&record);
  return is;
}

static const char *find(struct tables *policy, const text *lines, const char *domain, text *error)
{
  text selectors = TEXT_ZERO;
  const char *found = 0, *dot;

  for (; !found && !error->len && (dot = strchr(domain, '.')); domain = dot + 1) {
    bool has_own = has_line(lines, domain);
    if (dkim_list_find(lines, domain, &selectors, error) == DKIM_LIST_ON && (has_own || is_ours(policy, domain)))
      found = domain;
    else if (has_own)
      break; /* off */
  }
  text_free(&selectors);
  return found;
}

bool signer_find(struct tables *policy, const char *from, text *domain, text *error)
{
  struct address address = ADDRESS_ZERO;
  text lines = TEXT_ZERO;
  const char *found = 0;

  text_clear(error);
  if (conf_lines("dkim", &lines) && address_parse(&address, from, strlen(from)) == ADDRESS_FULL && !address.is_literal)
    found = find(policy, &lines, address.domain, error);
  if (found) text_copy(domain, found);
  text_string(domain);
  text_string(error);
  address_free(&address);
  text_free(&lines);
  return found;
}

void signer_request(text *request, const char *id, const char *domain, uint64_t offset)
{
  text_clear(request);
  record_add(request, "what", "sign");
  record_add(request, "id", id);
  record_add(request, "domain", domain);
  record_add_number(request, "offset", offset);
}

static int join(const text *whole, size_t head, const char *fields)
{
  int file = memfd_create("signed", MFD_CLOEXEC);

  if (file == -1) return -1;
  if (allwrite(file, whole->s, head) == head && allwrite(file, fields, strlen(fields)) == strlen(fields) &&
      allwrite(file, whole->s + head, whole->len - head) == whole->len - head)
    return file;
  close(file);
  return -1;
}

int signer_join(int file, const text *answer, const char **error)
{
  struct stat st;
  text whole = TEXT_ZERO;
  const char *fields = record_get(answer, "fields"), *said = record_get(answer, "error");
  int joined = -1;

  *error = *said ? said : "no answer from dkim-sign";
  if (!record_is(answer, "answer", "yes") || !*fields) return -1;
  *error = "the message cannot be read or written";
  if (fstat(file, &st) == -1) return -1;
  text_ready(&whole, (size_t)st.st_size);
  ssize_t length = pread(file, whole.s, (size_t)st.st_size, 0);
  if (length > 0) whole.len = (size_t)length;
  size_t head = envelope_length(whole.s, whole.len);
  if (head && length == st.st_size && head <= whole.len) joined = join(&whole, head, fields);
  text_free(&whole);
  return joined;
}
