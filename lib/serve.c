#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/callers.h"
#include "lib/children.h"
#include "lib/die.h"
#include "lib/log.h"
#include "lib/proxy.h"
#include "lib/ready.h"
#include "lib/serve.h"
#include "lib/sockets.h"

enum { WORKER_SESSIONS = 10000, PROXY_SECONDS = 5 };

struct listener {
  const struct serve *s;
  const char *const *argv;
  struct sockets sockets;
  struct children children;
  struct callers callers;
  bool is_stream;         /* a connection is one to write and read as a whole: fd 0 and fd 1 */
  sigset_t while_waiting; /* the signals that are blocked while ppoll waits */
};

static volatile sig_atomic_t told_to_stop, told_to_renew, is_busy;
static volatile sig_atomic_t child_ended = 1; /* an earlier image may have missed one */

static void note_signal(int signal)
{
  if (signal == SIGTERM) told_to_stop = 1;
  if (signal == SIGHUP) told_to_renew = 1;
  if (signal == SIGCHLD) child_ended = 1;
}

/* A worker told to stop ends when it has no session. A connection that accept is just handing over counts as one: only
   accept itself can tell, so it is interrupted, again and again in case it was only about to begin. */
static void stop_worker(int signal)
{
  (void)signal;
  told_to_stop = 1;
  if (!is_busy) alarm(1);
}

static void catch_signal(int signal, void (*handler)(int))
{
  struct sigaction action = { .sa_handler = handler };
  sigemptyset(&action.sa_mask);
  if (sigaction(signal, &action, 0) == -1) die_unable("catch a signal");
}

static void set_limits(const struct serve *s)
{
  struct rlimit none = { 0, 0 }, memory = { s->memory_bytes, s->memory_bytes };

  setrlimit(RLIMIT_CORE, &none);
  if (s->memory_bytes && setrlimit(RLIMIT_DATA, &memory) == -1) die_unable("limit memory");
  catch_signal(SIGPIPE, SIG_IGN);
}

/* A child or worker starts no process, but where that is its work. */
static void limit_processes(const struct serve *s)
{
  const struct rlimit most = { s->processes, s->processes };
  if (setrlimit(RLIMIT_NPROC, &most) == -1) die_unable("limit processes");
}

static bool may_call(const struct listener *l, const struct peer *peer)
{
  if (peer->is_tcp || !l->s->callers || callers_have(&l->callers, peer->uid)) return true;
  if (l->s->guest && l->s->guest(peer->uid)) return true;
  text uid = TEXT_ZERO;
  text_add_number(&uid, peer->uid);
  log_event("refused", "reason", "caller", "uid", text_string(&uid), (char *)0);
  text_free(&uid);
  return false;
}

static void refuse(const struct serve *s, int connection)
{
  if (s->refusal && send(connection, s->refusal, strlen(s->refusal), MSG_DONTWAIT | MSG_NOSIGNAL) == -1) return;
}

/* A caller that was taken over leaves a quarter of the sessions to the others. */
static bool has_its_share(const struct listener *l, const struct network *caller)
{
  unsigned int share = l->s->concurrency - l->s->concurrency / 4;
  return l->callers.count > 1 && l->children.count >= share && children_of(&l->children, caller) >= share;
}

static bool has_guests_share(const struct listener *l, const struct network *network, const struct peer *peer)
{
  return l->s->guest && !callers_have(&l->callers, peer->uid) && children_of(&l->children, network) >= l->s->guests;
}

/* network 0: it is not known yet. */
static bool is_full(const struct listener *l, const struct network *network, const struct peer *peer)
{
  const char *reason = 0;

  if (l->children.count >= l->s->concurrency)
    reason = "concurrency";
  else if (network && l->s->concurrency_network && children_of(&l->children, network) >= l->s->concurrency_network)
    reason = peer->is_tcp ? "concurrency of the client network" : "concurrency of the user";
  else if (network && !peer->is_tcp && has_guests_share(l, network, peer))
    reason = "concurrency of the guest";
  else if (network && !peer->is_tcp && has_its_share(l, network))
    reason = "concurrency of the caller";
  if (reason) log_event("refused", "reason", reason, "client", peer->remote_ip, (char *)0);
  return reason != 0;
}

/* In the child, behind a balancer: who its client is, and whether that one may have one more session. */
static bool learn_client(struct listener *l, struct peer *peer)
{
  unsigned int limit = l->s->concurrency_network;
  const char *reason = 0;
  struct proxy proxy;

  if (!proxy_read(0, PROXY_SECONDS, &proxy, &reason)) {
    log_event("refused", "reason", reason, "client", peer->remote_ip, (char *)0);
    return false;
  }
  if (proxy.is_local) return true;
  struct network network = peer_network(&proxy.remote);
  peer_set(peer, &proxy.remote, &proxy.local);
  children_tell(&l->children, children_next_slot(&l->children), &network);
  if (!limit || children_of(&l->children, &network) <= limit) return true;
  log_event("refused", "reason", "concurrency of the client network", "client", peer->remote_ip, (char *)0);
  refuse(l->s, 0);
  return false;
}

/* The child: its connection takes the place of the listening socket. */
_Noreturn static void run_child(struct listener *l, int connection, struct peer *peer, bool is_balancer)
{
  const struct serve *s = l->s;
  sigset_t none;

  catch_signal(SIGTERM, SIG_DFL);
  catch_signal(SIGHUP, SIG_DFL);
  catch_signal(SIGCHLD, SIG_DFL);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);
  if (dup2(connection, 0) == -1 || (l->is_stream && dup2(connection, 1) == -1)) _exit(END_TEMPORARY);
  if (connection > 1) close(connection);
  sockets_close_others(&l->sockets);
  limit_processes(l->s);
  if (s->session_seconds) alarm(s->session_seconds);
  if (is_balancer && !learn_client(l, peer)) _exit(END_DONE);
  s->session(0, l->is_stream ? 1 : 0, peer);
  _exit(END_DONE);
}

static bool is_from_balancer(const struct listener *l, const struct sockaddr_storage *remote)
{
  struct ip ip;
  return l->s->balancers && ip_from_socket(&ip, remote) && cidrs_have(l->s->balancers, &ip);
}

static void start_child(struct listener *l, int connection, const struct sockaddr_storage *remote)
{
  struct network network = peer_network(remote);
  bool is_balancer = is_from_balancer(l, remote);
  struct peer peer;

  peer_from_socket(&peer, connection, remote);
  if (!may_call(l, &peer)) return;
  if (!peer.is_tcp) network = peer_network_of_uid(peer.uid);
  if (is_full(l, is_balancer ? 0 : &network, &peer)) {
    refuse(l->s, connection);
    return;
  }
  if (l->s->refresh) l->s->refresh();
  pid_t pid = fork();
  if (!pid) run_child(l, connection, &peer, is_balancer);
  if (pid == -1) {
    log_event("refused", "reason", strerror(errno), "client", peer.remote_ip, (char *)0);
    refuse(l->s, connection);
    return;
  }
  children_add(&l->children, pid, is_balancer ? 0 : &network);
}

static int accept_one(int listening, struct sockaddr_storage *remote)
{
  socklen_t length = sizeof *remote;

  remote->ss_family = AF_UNSPEC;
  int connection = accept4(listening, (struct sockaddr *)remote, &length, SOCK_CLOEXEC);
  if (connection == -1 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
    log_event("waiting", "reason", strerror(errno), (char *)0);
    nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, 0);
  }
  return connection;
}

/* The next image finds the listening socket on fd 0 and the list of children in a memfd. */
static void renew(struct listener *l)
{
  sigset_t none;

  told_to_renew = 0;
  log_event("renewing", (char *)0);
  children_keep(&l->children);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);
  execvp(l->argv[0], (char *const *)l->argv);
  die_unable("execute ", l->argv[0], " anew");
}

static void reap(struct listener *l)
{
  child_ended = 0;
  children_reap(&l->children);
}

static void accept_until_told(struct listener *l)
{
  while (!told_to_stop) {
    if (told_to_renew) renew(l);
    if (child_ended) reap(l);
    int listening = sockets_wait(&l->sockets, &l->while_waiting);
    if (listening == -1) continue;
    if (l->s->notice && listening == l->s->notices) {
      l->s->notice();
      continue;
    }
    struct sockaddr_storage remote;
    int connection = accept_one(listening, &remote);
    if (connection == -1) continue;
    start_child(l, connection, &remote);
    close(connection);
  }
}

static void wait_for_children(struct listener *l)
{
  sockets_close(&l->sockets);
  children_signal(&l->children, SIGTERM);
  children_signal(&l->children, SIGCONT); /* one with a user's uid may have been stopped by him */
  while (l->children.count) {
    reap(l);
    if (l->children.count) ppoll(0, 0, 0, &l->while_waiting);
  }
}

/* A worker does not outlive its parent, whose place another one takes: it is told to stop as by it. */
static void end_with_parent(pid_t parent)
{
  if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1) die_unable("ask to be told when the parent ends");
  if (getppid() != parent) _exit(END_DONE);
}

/* Is there a connection? What else the worker waits for is done meanwhile. */
static bool wait_in_worker(const struct serve *s)
{
  struct pollfd all[2] = { { .fd = 0, .events = POLLIN }, { .fd = s->notices, .events = POLLIN } };

  if (!s->notice) return true;
  if (poll(all, 2, -1) <= 0) return false;
  if (all[1].revents) s->notice();
  return all[0].revents != 0;
}

_Noreturn static void run_worker(const struct listener *l, pid_t parent)
{
  sigset_t none;

  catch_signal(SIGTERM, stop_worker);
  catch_signal(SIGALRM, stop_worker);
  end_with_parent(parent);
  limit_processes(l->s);
  catch_signal(SIGHUP, SIG_DFL);
  catch_signal(SIGCHLD, SIG_DFL);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);
  for (unsigned int served = 0; !told_to_stop && served < WORKER_SESSIONS; served++) {
    struct sockaddr_storage remote;
    struct peer peer;
    if (!wait_in_worker(l->s)) continue;
    int connection = accept_one(0, &remote);
    if (connection == -1) continue;
    is_busy = 1;
    peer_from_socket(&peer, connection, &remote);
    if (may_call(l, &peer)) {
      if (l->s->refresh) l->s->refresh();
      l->s->session(connection, connection, &peer);
    }
    close(connection);
    is_busy = 0;
  }
  _exit(END_DONE);
}

static void start_workers(struct listener *l)
{
  struct network nobody = { .is_v4 = false };
  pid_t self = getpid();

  while (l->children.count < l->s->workers) {
    pid_t pid = fork();
    if (!pid) run_worker(l, self);
    if (pid == -1) {
      log_event("waiting", "reason", strerror(errno), (char *)0);
      nanosleep(&(struct timespec){ .tv_sec = 1 }, 0);
    } else
      children_add(&l->children, pid, &nobody);
  }
}

/* A worker that ended is replaced; one that dies at once is not replaced more than ten times a second. */
static void keep_workers(struct listener *l)
{
  while (!told_to_stop) {
    if (told_to_renew) {
      children_signal(&l->children, SIGTERM);
      renew(l);
    }
    reap(l);
    start_workers(l);
    ppoll(0, 0, 0, &l->while_waiting);
    if (child_ended) nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, 0);
  }
}

static void block_signals(struct listener *l)
{
  sigset_t ours;

  catch_signal(SIGTERM, note_signal);
  catch_signal(SIGHUP, note_signal);
  catch_signal(SIGCHLD, note_signal);
  sigemptyset(&ours);
  sigaddset(&ours, SIGTERM);
  sigaddset(&ours, SIGHUP);
  sigaddset(&ours, SIGCHLD);
  sigprocmask(SIG_BLOCK, &ours, &l->while_waiting);
  sigdelset(&l->while_waiting, SIGTERM);
  sigdelset(&l->while_waiting, SIGHUP);
  sigdelset(&l->while_waiting, SIGCHLD);
}

/* A call comes in and is answered on one socket; everything else, a pipe too, on fd 0 and fd 1. */
static bool is_call(void)
{
  int type = 0;
  socklen_t length = sizeof type;
  return !getsockopt(0, SOL_SOCKET, SO_TYPE, &type, &length) && type == SOCK_SEQPACKET;
}

static int listen_on_0(const struct serve *s, const char *const *argv)
{
  struct listener l = { .s = s, .argv = argv, .is_stream = !is_call() };
  int on = 1;

  setsockopt(0, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* a connection inherits it; a unix socket has none */
  sockets_take(&l.sockets);
  if (s->notice && !s->workers) sockets_add(&l.sockets, s->notices);
  bool is_renewed = children_take(&l.children, s->workers ? s->workers : s->concurrency, s->balancers && s->balancers->count);
  callers_find(&l.callers, s->callers);
  block_signals(&l);
  if (s->sandbox) sandbox_enter(s->sandbox);
  ready_tell();
  log_event(is_renewed ? "renewed" : "serving", (char *)0);
  if (s->workers)
    keep_workers(&l);
  else
    accept_until_told(&l);
  wait_for_children(&l);
  return END_DONE;
}

int serve(const struct serve *s, const char *const *argv)
{
  int is_listening = 0;
  socklen_t length = sizeof is_listening;
  struct peer peer;

  set_limits(s);
  if (!getsockopt(0, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length) && is_listening) return listen_on_0(s, argv);
  peer_from_environment(&peer, 0);
  if (s->refresh) s->refresh();
  if (s->session_seconds) alarm(s->session_seconds);
  s->session(0, is_call() ? 0 : 1, &peer);
  return END_DONE;
}
