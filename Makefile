# A new program is a line here, FOLDER/NAME.c, a line in service/modes, a page doc/NAME.md and a test. tests/tree.t
# misses none of them.

programs = \
  service/tcp-bind \
  service/unix-bind \
  sendmail/mail-inject \
  smtpd/smtp-receive \
  smtpd/client-check \
  smtpd/srs-server \
  filter/dkim-sign \
  queue/queue-add \
  queue/qstat \
  queue/qctl \
  queue/qread \
  queue/queue-check \
  send/send-schedule \
  send/smtp-send \
  send/relay-test \
  send/sts-fetch \
  send/sts-test \
  send/token-run \
  tlsrpt/tls-report \
  tlsrpt/report-post \
  deliver/mailbox-spawn \
  deliver/mail-expire \
  imap/imap-login \
  imap/imap-session \
  pop3/pop3-login \
  pop3/pop3-session \
  auth/auth-server \
  auth/auth-bind \
  auth/token-check \
  auth/auth-test \
  auth/password-hash \
  auth/tls-server \
  auth/tls-client \
  ldapsync/ldapsync \
  ldapsync/ldap-fetch \
  ldapsync/ldap-watch \
  ldapsync/tables-publish \
  ldapsync/tables-build \
  ldapsync/tables-diff \
  admin/mailadm \
  admin/password-store \
  admin/whatif \
  admin/dnscheck

# What a program links besides skalibs: a statement about who holds what. -lcdb comes before -lskarnet: both define
# cdb_init and cdb_find, so no program may use skalibs' cdb.
programs_with_tls     = auth/tls-server auth/tls-client filter/dkim-sign auth/token-check
programs_with_ldap    = ldapsync/ldap-fetch ldapsync/ldap-watch auth/auth-bind
programs_with_unicode = sendmail/mail-inject smtpd/smtp-receive smtpd/srs-server filter/dkim-sign send/send-schedule deliver/mailbox-spawn \
  imap/imap-session auth/auth-server auth/auth-test auth/password-hash ldapsync/tables-build ldapsync/tables-publish admin/mailadm admin/password-store admin/whatif admin/dnscheck send/sts-test \
  tlsrpt/tls-report tlsrpt/report-post
programs_with_https   = send/sts-fetch tlsrpt/report-post auth/token-check
programs_with_json    = auth/token-check
programs_with_sqlite  = tlsrpt/tls-report
programs_with_zlib    = tlsrpt/tls-report
programs_with_hashing = auth/auth-server auth/password-hash admin/mailadm

# Servers that fork for each connection, or serve each message, are linked statically: a child then copies and touches fewer
# pages. NSS and iconv load libraries at run time, so none of them uses those; what holds OpenSSL, libldap or iconv is not
# here, so that a new library of the system reaches it at its next start. A new libc means: make clean install.
programs_static = smtpd/smtp-receive smtpd/client-check smtpd/srs-server queue/queue-add send/send-schedule send/smtp-send \
  imap/imap-login pop3/pop3-login auth/auth-server

CC      := $(shell head -n 1 conf-cc)
LD      := $(shell head -n 1 conf-ld)
conf     = $(shell head -n 1 conf-home)
home     = $(DESTDIR)$(conf)
B        = build
present  = $(patsubst %.c,%,$(wildcard $(programs:=.c)))
built    = $(present:%=$(B)/%)
modules  = $(filter-out $(programs:=.c),$(wildcard lib/*.c service/*.c smtpd/*.c sendmail/*.c filter/*.c queue/*.c send/*.c tlsrpt/*.c deliver/*.c imap/*.c pop3/*.c auth/*.c ldapsync/*.c admin/*.c))
units    = $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*.c))
helpers  = $(patsubst %.c,$(B)/%,$(wildcard tests/flow/*.c))
shims    = $(patsubst %.c,$(B)/%.so,$(wildcard tests/crash/*.c))
fuzzers  = $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/*.c))
preload  = $(B)/tests/crash/queue/queue-add $(B)/tests/crash/send/send-schedule
libs     = -lcdb -lseccomp -lresolv -lskarnet

$(programs_static:%=$(B)/%): STATIC = -static-pie
# It forks as well, but its IMAP sessions need iconv, which needs the system's libc: all but that is linked statically.
$(B)/deliver/mailbox-spawn: LDLIBS += -Wl,-Bstatic
$(B)/deliver/mailbox-spawn: libs += -Wl,-Bdynamic
$(programs_with_tls:%=$(B)/%):     LDLIBS += -lssl -lcrypto
$(programs_with_ldap:%=$(B)/%):    LDLIBS += -lldap -llber
$(programs_with_hashing:%=$(B)/%): LDLIBS += -lcrypt -largon2
$(programs_with_https:%=$(B)/%):   LDLIBS += -lcurl
$(programs_with_json:%=$(B)/%):    LDLIBS += -ljansson
$(programs_with_sqlite:%=$(B)/%):  LDLIBS += -lsqlite3
$(programs_with_zlib:%=$(B)/%):    LDLIBS += -lz
$(programs_with_unicode:%=$(B)/%): LDLIBS += -lidn2 -lunistring
$(units) $(fuzzers) $(helpers) $(preload): LDLIBS += -lidn2 -lunistring
$(units) $(fuzzers): LDLIBS += -lssl -lcrypto -lcrypt -largon2 -lsqlite3 -lz -ljansson

all: $(built)
$(B)/%.o: %.c conf-cc conf-home
	@mkdir -p $(@D)
	$(CC) -I. -DCONF_HOME='"$(conf)"' -MMD -MP -c -o $@ $<
$(B)/mail.a: $(modules:%.c=$(B)/%.o)
	@rm -f $@
	@ar rcs $@ $^
$(built) $(units) $(helpers): $(B)/%: $(B)/%.o $(B)/mail.a conf-ld Makefile
	$(LD) $(STATIC) -o $@ $< $(B)/mail.a $(LDLIBS) $(libs)
$(preload): $(B)/tests/crash/%: $(B)/%.o $(B)/mail.a conf-ld # not static: cut.so is preloaded into them
	@mkdir -p $(@D)
	$(LD) -o $@ $< $(B)/mail.a $(LDLIBS) $(libs)
$(fuzzers): $(B)/%: $(B)/%.o $(B)/mail.a conf-ld Makefile
	$(LD) -fsanitize=fuzzer -o $@ $< $(B)/mail.a $(LDLIBS) $(libs)
$(B)/bench/load: $(patsubst %.c,$(B)/%.o,$(wildcard bench/*.c))
	$(LD) -o $@ $^ -lssl -lcrypto -lpthread
$(B)/bench/micro/%: LDLIBS += -lidn2 -lunistring
$(B)/bench/micro/%: $(B)/bench/micro/%.o $(B)/mail.a conf-ld
	$(LD) -static-pie -o $@ $< $(B)/mail.a $(LDLIBS) $(libs)
$(B)/%.so: %.c conf-cc
	@mkdir -p $(@D)
	$(CC) -fPIC -shared -o $@ $< -ldl

$(B)/tests/powercut/block-log: tests/powercut/block-log.c conf-cc
	@mkdir -p $(@D)
	$(CC) $(shell pkg-config --cflags fuse3 2>/dev/null) -o $@ $< -pie -lfuse3

tests: all $(units) $(helpers) $(shims) $(preload) $(B)/tests/powercut/block-log $(B)/bench/load
# The fuzz entries and the unit tests with clang's sanitizers, for tests/fuzz.t.
sanitize = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
sanitized:
	@$(MAKE) B=build-sanitized CC='clang $(filter-out -ftrivial-auto-var-init=zero -D_FORTIFY_SOURCE=2 -O2,$(wordlist 2,99,$(CC))) $(sanitize) -fsanitize=fuzzer-no-link' \
	  LD='clang $(wordlist 2,99,$(LD)) $(sanitize)' sanitized-tests
sanitized-tests: $(fuzzers) $(units)
install: all
	@grep -v '^#' service/modes | while read name owner group mode; do \
	  for f in $(built); do \
	    [ $${f##*/} != $$name ] || install -D -o $$owner -g $$group -m $$mode $$f $(home)/bin/$$name || exit 1; done; done
	@for name in sendmail mailq newaliases; do ln -sfn mail-inject $(home)/bin/$$name || exit 1; done
	@for f in ldapsync/profiles/*; do install -D -o root -g root -m 0644 $$f $(home)/profiles/$${f##*/} || exit 1; done
	@for f in send/texts/*/*; do install -D -o root -g root -m 0644 $$f $(home)/$${f#send/} || exit 1; done
list:
	@echo $(programs)
clean:
	rm -rf $(B) build-sanitized
.PHONY: all tests sanitized sanitized-tests install list clean
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
