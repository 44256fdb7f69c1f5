/* mime-show: what IMAP says about a message, for the tests. mime-show FILE prints size, ENVELOPE, BODY and
   BODYSTRUCTURE, each in a line (literals may have line ends); mime-show FILE SECTION prints the octets of BODY[SECTION],
   with "<a.b>" behind it if it is given so; "NIL" and exit 1 if there is none. */

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imap/bodystructure.h"
#include "imap/envelope.h"
#include "imap/section.h"
#include "lib/die.h"
#include "lib/mime.h"

static struct bytes map(const char *path)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat s;
  struct bytes file = { "", 0 };

  if (fd == -1 || fstat(fd, &s)) die_unable("open ", path);
  file.len = (size_t)s.st_size;
  if (file.len) file.s = mmap(0, file.len, PROT_READ, MAP_PRIVATE, fd, 0);
  if (file.s == MAP_FAILED) die_unable("read ", path);
  close(fd);
  return file;
}

static int show_section(const struct mime *m, const char *section)
{
  struct imap_command c = IMAP_COMMAND_ZERO;
  text command = TEXT_ZERO, chosen = TEXT_ZERO, out = TEXT_ZERO;
  struct octets octets;

  text_add_format(&command, "a FETCH 1 BODY[%s", section);
  if (command.s[command.len - 1] != '>') text_add(&command, "]");
  if (!imap_command_parse(&c, command.s, command.len)) die_permanent(text_string(&c.error));
  if (!imap_section_find(m, &c.items[0].section, &chosen, &octets)) {
    printf("NIL");
    return END_NO;
  }
  octets_add(octets, &out);
  if (out.len != octets.size) die_permanent("the size is not that of the octets");
  fwrite(out.s, 1, out.len, stdout);
  return END_DONE;
}

int main(int argc, const char *const *argv)
{
  struct mime m = MIME_ZERO;
  struct bytes file;
  text out = TEXT_ZERO;

  PROG = "mime-show";
  if (argc < 2 || argc > 3) die_usage("mime-show file [ section ]");
  file = map(argv[1]);
  mime_parse(&m, file.s, file.len);
  if (argv[2]) return show_section(&m, argv[2]);
  text_add_format(&out, "%llu\n", (unsigned long long)m.size);
  imap_envelope_add(&out, m.parts[0].header.s, m.parts[0].header.len);
  text_add(&out, "\n");
  imap_body_add(&out, &m);
  text_add(&out, "\n");
  imap_bodystructure_add(&out, &m);
  text_add(&out, "\n");
  fwrite(out.s, 1, out.len, stdout);
  return END_DONE;
}
