#!/usr/bin/python3
"""The modules that parse, built by clang with the address and undefined-behaviour sanitizers (check 61): each unit test passes
there, and each fuzz entry takes its stored inputs and some seconds of new ones. For more: build-sanitized/tests/fuzz/NAME."""
import sys; sys.path.insert(0, 'tests'); sys.dont_write_bytecode = True
from tap import *
import base64, glob

RUNS, SECONDS = '50000', '5'  # whichever ends first
NOT_THERE = {'sandbox'}        # what cannot run there: sanitizers need what a sandbox forbids

os.chdir(ROOT)
if not shutil.which('clang'):
    print('1..0 # SKIP needs clang')
    sys.exit(0)
built = subprocess.run(['make', '-j2', 'sanitized'], capture_output=True, text=True)
ok(not built.returncode, 'clang builds it', built.stderr[-1500:])
ok('warning:' not in built.stderr, '... without a warning', built.stderr[:1500])
env = dict(os.environ, ASAN_OPTIONS='detect_leaks=0', UBSAN_OPTIONS='print_stacktrace=1')


def run(command, what, corpus='/nonexistent'):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace', env=env)
    if not ok(not done.returncode, what):
        print('\n'.join('# ' + line for line in done.stdout.splitlines()[-40:]), file=sys.stderr)
        for crash in glob.glob(corpus + '/crash-*') + glob.glob(corpus + '/timeout-*'):
            print('# the input, base64:', base64.b64encode(read(crash)).decode(), file=sys.stderr, flush=True)


for path in sorted(glob.glob('tests/unit/*.c')):
    name = os.path.basename(path)[:-2]
    if name not in NOT_THERE:
        run(['build-sanitized/tests/unit/' + name], 'unit test %s with sanitizers' % name)
for path in sorted(glob.glob('tests/fuzz/*.c')):
    name = os.path.basename(path)[:-2]
    seeds = 'tests/data/' + name
    corpus = os.path.join(HOME, name)
    os.mkdir(corpus)
    run(['build-sanitized/tests/fuzz/' + name, '-seed=1', '-runs=' + RUNS, '-max_total_time=' + SECONDS, '-timeout=60', '-rss_limit_mb=2048',
         '-artifact_prefix=%s/' % corpus, corpus] + [seeds] * os.path.isdir(seeds), 'fuzz entry ' + name, corpus)
done_testing()
