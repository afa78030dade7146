/* The candidate's side of docs/processes.md. */
#define _GNU_SOURCE
#include "interlock_client.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 1 << 16, LINE = 1 << 9, HOLDS = 16, FAILING = 64, NAME = 48, PATIENCE = 1, JITTER = 20 };

/* ThreadSanitizer takes an ordered clock for synchronisation between all threads, and would find no race any more. */
#ifdef __SANITIZE_THREAD__
#define CLOCK_ORDER memory_order_relaxed
#else
#define CLOCK_ORDER memory_order_seq_cst
#endif

struct buffer {
	char text[BUFFER];
	_Atomic size_t used; /* whole lines only, since a crash writes what is there */
};

struct hold {
	char at[NAME], until[NAME];
	bool reached, done;
};

static struct buffer buffers[INTERLOCK_THREADS + 1];
static _Thread_local unsigned self;
static _Thread_local uint64_t chance;
static _Atomic uint64_t now;
static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;
static int out = STDOUT_FILENO;

static struct interlock_workload work;
static unsigned run;
static unsigned failing[FAILING], failures, fail_one_in, jitter_one_in;
static _Atomic unsigned allocations;
static struct hold holds[HOLDS];
static unsigned held;
static pthread_mutex_t places = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t reached = PTHREAD_COND_INITIALIZER;

/* -- writing */

static void write_all(const char *text, size_t left)
{
	while (left > 0) {
		ssize_t written = write(out, text, left);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			_exit(3); /* nobody listens any more */
		text += written;
		left -= (size_t)written;
	}
}

static void flush(struct buffer *buffer)
{
	pthread_mutex_lock(&output);
	write_all(buffer->text, buffer->used);
	pthread_mutex_unlock(&output);
	buffer->used = 0;
}

static void flush_all(void)
{
	for (unsigned i = 0; i <= INTERLOCK_THREADS; i++)
		flush(&buffers[i]);
}

/* The last words of a program that ends here, while other threads may go on. */
static void write_last(void)
{
	for (unsigned i = 0; i <= INTERLOCK_THREADS; i++)
		write_all(buffers[i].text, buffers[i].used);
}

/* What happened until then is in the log of a run that crashes; the signal then does what it does. */
static void crashed(int number)
{
	write_last();
	raise(number); /* SA_RESETHAND */
}

static void catch_crashes(void)
{
	static const int numbers[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	struct sigaction before, action = { .sa_handler = crashed, .sa_flags = (int)SA_RESETHAND };
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
			sigaction(numbers[i], &action, NULL); /* a sanitizer's own handler stays */
}

/* Threads that are never interrupted do one after the other whatever they do: let others go on, before a step or in it. */
static void jitter(void)
{
	if (jitter_one_in > 0 && interlock_random(&chance, jitter_one_in) == 0)
		nanosleep(&(struct timespec){ 0, 1 }, NULL);
}

uint64_t interlock_begin(void)
{
	jitter();
	uint64_t begin = atomic_fetch_add_explicit(&now, 1, CLOCK_ORDER);
	jitter();
	return begin;
}

void interlock_event(uint64_t begin, const char *action, const char *format, ...)
{
	uint64_t end = atomic_fetch_add_explicit(&now, 1, CLOCK_ORDER);
	struct buffer *buffer = &buffers[self];
	if (buffer->used > BUFFER - 2 * LINE)
		flush(buffer);
	char words[LINE / 2], *rest = words, *word;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(words, sizeof words, format, arguments);
	va_end(arguments);
	char *at = buffer->text + buffer->used;
	/* `begin` comes first and has one width, so that sort(1) puts the lines of all threads into order. */
	at += sprintf(at, "{\"begin\":%15llu,\"end\":%llu,\"thread\":%u,\"action\":\"%.64s\",\"args\":[",
		      (unsigned long long)begin, (unsigned long long)end, self, action);
	for (const char *comma = ""; (word = strtok_r(rest, " ", &rest)) != NULL; comma = ",")
		at += sprintf(at, "%s\"%s\"", comma, word);
	at += sprintf(at, "]}\n");
	buffer->used = (size_t)(at - buffer->text);
}

unsigned interlock_self(void)
{
	return self;
}

_Noreturn void interlock_error(const char *text)
{
	char line[LINE];
	int length = snprintf(line, sizeof line, "{\"run\":%u,\"error\":\"%.300s\"}\n", run, text);
	pthread_mutex_lock(&output); /* for ever: nobody writes after this */
	write_last();
	write_all(line, (size_t)length);
	_exit(2);
}

/* -- what a workload asks for */

bool interlock_fails(void)
{
	unsigned number = atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
	for (unsigned i = 0; i < failures; i++)
		if (failing[i] == number)
			return true;
	uint64_t state = work.seed * 1000003u + number;
	return fail_one_in > 0 && interlock_random(&state, fail_one_in) == 0;
}

void interlock_point(const char *name)
{
	if (held == 0)
		return;
	struct timespec patience;
	clock_gettime(CLOCK_REALTIME, &patience);
	patience.tv_sec += PATIENCE;
	pthread_mutex_lock(&places);
	for (struct hold *hold = holds; hold < holds + held; hold++)
		hold->reached |= strcmp(hold->until, name) == 0;
	pthread_cond_broadcast(&reached);
	for (struct hold *hold = holds; hold < holds + held; hold++) {
		if (strcmp(hold->at, name) != 0 || hold->done)
			continue;
		hold->done = true;
		while (!hold->reached && pthread_cond_timedwait(&reached, &places, &patience) == 0)
			; /* a right candidate may never get there, and then all go on */
	}
	pthread_mutex_unlock(&places);
}

unsigned interlock_random(uint64_t *state, unsigned bound)
{
	uint64_t mixed = *state += 0x9e3779b97f4a7c15u; /* splitmix64 */
	mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
	mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
	return (unsigned)((mixed ^ (mixed >> 31)) % bound);
}

/* -- reading requests: flat JSON objects of numbers, strings and lists of them */

struct reader {
	const char *at;
	bool bad;
};

static char peek(struct reader *reader)
{
	while (*reader->at != '\0' && strchr(" \t\r\n,:", *reader->at) != NULL)
		reader->at++;
	return *reader->at;
}

static bool opens(struct reader *reader, char open)
{
	if (peek(reader) != open) {
		reader->bad = true;
		return false;
	}
	reader->at++;
	return true;
}

/* Whether there is another element before the list ends; passes over its end. */
static bool more(struct reader *reader, char close)
{
	if (reader->bad || peek(reader) == '\0') {
		reader->bad = true;
		return false;
	}
	if (*reader->at != close)
		return true;
	reader->at++;
	return false;
}

static uint64_t number(struct reader *reader)
{
	char *end;
	peek(reader);
	uint64_t value = strtoull(reader->at, &end, 10);
	reader->bad |= end == reader->at;
	reader->at = end;
	return value;
}

static void string(struct reader *reader, char *text, size_t room)
{
	size_t length = 0;
	*text = '\0';
	if (!opens(reader, '"'))
		return;
	while (*reader->at != '\0' && *reader->at != '"' && *reader->at != '\\' && length + 1 < room)
		text[length++] = *reader->at++;
	text[length] = '\0';
	if (*reader->at == '"')
		reader->at++;
	else
		reader->bad = true;
}

/* A value of any kind, whose strings have no quotes in them. */
static void skip(struct reader *reader)
{
	unsigned depth = 0;
	do {
		char first = peek(reader);
		depth += first == '[' || first == '{';
		if (first == '"') {
			reader->at++;
			reader->at += strcspn(reader->at, "\"");
		} else if (first == ']' || first == '}') {
			reader->bad |= depth == 0;
			depth -= depth > 0;
		} else if (first != '[' && first != '{') {
			reader->at += strcspn(reader->at, " \t\r\n,:[]{}\"");
			continue;
		}
		reader->bad |= *reader->at == '\0';
		reader->at += *reader->at != '\0';
	} while (depth > 0 && !reader->bad && *reader->at != '\0');
}

/* "add(0, 1, 2)" */
static void operation(struct reader *reader, struct interlock_operation *made)
{
	char text[128];
	string(reader, text, sizeof text);
	char *open = strchr(text, '('), *rest = open;
	if (reader->bad || open == NULL || open - text >= (long)sizeof made->name) {
		reader->bad = true;
		return;
	}
	memset(made, 0, sizeof *made);
	memcpy(made->name, text, (size_t)(open - text));
	for (rest++; made->count < INTERLOCK_ARGUMENTS; made->count++) {
		char *end;
		unsigned long value = strtoul(rest, &end, 10);
		if (end == rest)
			break;
		made->argument[made->count] = (unsigned)value;
		rest = end + strspn(end, ", ");
	}
	reader->bad |= *rest != ')';
}

static void script(struct reader *reader)
{
	work.scripted = opens(reader, '[');
	for (work.threads = 0; more(reader, ']'); work.threads++) {
		if (work.threads >= INTERLOCK_THREADS || !opens(reader, '[')) {
			reader->bad = true;
			return;
		}
		unsigned *length = &work.length[work.threads];
		struct interlock_operation **made = &work.script[work.threads];
		for (*length = 0; more(reader, ']'); ++*length) {
			*made = realloc(*made, (*length + 1) * sizeof **made);
			if (*made == NULL)
				abort();
			operation(reader, &(*made)[*length]);
		}
	}
}

static void hold_places(struct reader *reader)
{
	for (opens(reader, '['); more(reader, ']'); held++) {
		if (held >= HOLDS || !opens(reader, '[')) {
			reader->bad = true;
			return;
		}
		holds[held] = (struct hold){ 0 };
		string(reader, holds[held].at, NAME);
		string(reader, holds[held].until, NAME);
		opens(reader, ']');
	}
}

static bool read_request(const char *line)
{
	struct reader reader = { line, false };
	work.seed = work.operations = work.threads = 0;
	work.scripted = false;
	run = held = failures = fail_one_in = jitter_one_in = 0;
	for (opens(&reader, '{'); more(&reader, '}');) {
		char key[NAME];
		string(&reader, key, sizeof key);
		if (strcmp(key, "run") == 0)
			run = (unsigned)number(&reader);
		else if (strcmp(key, "seed") == 0)
			work.seed = number(&reader);
		else if (strcmp(key, "threads") == 0)
			work.threads = (unsigned)number(&reader);
		else if (strcmp(key, "operations") == 0)
			work.operations = (unsigned)number(&reader);
		else if (strcmp(key, "fail_one_in") == 0)
			fail_one_in = (unsigned)number(&reader);
		else if (strcmp(key, "jitter_one_in") == 0)
			jitter_one_in = (unsigned)number(&reader);
		else if (strcmp(key, "fail") == 0)
			for (opens(&reader, '['); more(&reader, ']');)
				failing[failures++ % FAILING] = (unsigned)number(&reader);
		else if (strcmp(key, "hold") == 0)
			hold_places(&reader);
		else if (strcmp(key, "script") == 0)
			script(&reader);
		else
			skip(&reader); /* a later version's */
	}
	return !reader.bad && work.threads > 0 && work.threads <= INTERLOCK_THREADS && failures <= FAILING;
}

/* -- a run */

static const struct interlock_candidate *subject;
static pthread_barrier_t together;

static void *thread(void *argument)
{
	self = (unsigned)(uintptr_t)argument;
	chance = work.seed * INTERLOCK_THREADS + self;
	pthread_barrier_wait(&together);
	subject->thread(&work, self);
	return NULL;
}

static void perform(void)
{
	pthread_t made[INTERLOCK_THREADS];
	self = work.threads;
	now = 0;
	allocations = 0;
	if (subject->start != NULL)
		subject->start(&work);
	pthread_barrier_init(&together, NULL, work.threads);
	for (unsigned i = 0; i < work.threads; i++)
		if (pthread_create(&made[i], NULL, thread, (void *)(uintptr_t)i) != 0)
			interlock_error("a thread cannot be made");
	for (unsigned i = 0; i < work.threads; i++)
		pthread_join(made[i], NULL);
	pthread_barrier_destroy(&together);
	if (subject->end != NULL)
		subject->end(&work);
	flush_all();
}

static int serve(void)
{
	char *line = NULL, text[LINE];
	size_t room = 0;
	int length = snprintf(text, sizeof text, "{\"schema\":\"interlock-process/1\",\"name\":\"%.64s\"}\n", subject->name);
	write_all(text, (size_t)length);
	while (getline(&line, &room, stdin) > 0) {
		if (!read_request(line))
			interlock_error("the request cannot be read");
		perform();
		length = snprintf(text, sizeof text, "{\"run\":%u,\"done\":true}\n", run);
		write_all(text, (size_t)length);
	}
	free(line);
	for (unsigned i = 0; i < INTERLOCK_THREADS; i++)
		free(work.script[i]);
	return 0;
}

int interlock_main(int argc, char **argv, const struct interlock_candidate *candidate)
{
	subject = candidate;
	catch_crashes();
	if (argc == 1)
		return serve();
	if (argc < 4) {
		fprintf(stderr, "usage: %s [LOG THREADS OPERATIONS [SEED]]\n", argv[0]);
		return 2;
	}
	work.threads = (unsigned)strtoul(argv[2], NULL, 10);
	work.operations = (unsigned)strtoul(argv[3], NULL, 10);
	work.seed = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
	jitter_one_in = JITTER;
	out = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (out < 0 || work.threads == 0 || work.threads > INTERLOCK_THREADS) {
		fprintf(stderr, "%s: %s\n", argv[1], out < 0 ? strerror(errno) : "from 1 to 64 threads");
		return 2;
	}
	perform();
	return close(out) == 0 ? 0 : 2;
}
