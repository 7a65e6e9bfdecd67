/*
 * Loaded into xl by LD_PRELOAD: writes down each key that xl asks a configuration for, and what the answer was.
 *
 * One line for each question goes to the file that ASKED_KEYS names:
 *
 *     <the configuration's source> TAB <the key> TAB <what libxlutil returned: 0 when it read a value>
 *
 * The functions and their arguments are those of Xen's libxlutil.h. Only what is passed on is declared: a pointer here is
 * whatever it is there.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* xl reads its own xl.conf first, by the same functions: the handle says which source a question is for. */
static struct {
    const void *handle;
    char *source;
} configs[16];
static unsigned int count;

static void *next(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);

    if (!function) {
        fprintf(stderr, "asked-keys: libxlutil has no %s\n", name);
        abort();
    }
    return function;
}

static int record(const void *handle, const char *key, int answer)
{
    const char *path = getenv("ASKED_KEYS");
    const char *source = "?";
    unsigned int i;
    int fd;

    for (i = 0; i < count; i++)
        if (configs[i].handle == handle)
            source = configs[i].source;
    fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
    if (fd < 0 || dprintf(fd, "%s\t%s\t%d\n", source, key, answer) < 0) {
        fprintf(stderr, "asked-keys: cannot write to ASKED_KEYS\n");
        abort();
    }
    close(fd);
    return answer;
}

void *xlu_cfg_init(void *report, const char *source)
{
    void *(*real)(void *, const char *) = next("xlu_cfg_init");
    void *handle = real(report, source);

    if (count == sizeof(configs) / sizeof(*configs)) {
        fprintf(stderr, "asked-keys: too many configurations\n");
        abort();
    }
    configs[count].handle = handle;
    configs[count].source = strdup(source);
    count++;
    return handle;
}

int xlu_cfg_get_string(void *cfg, const char *key, void *value, int quiet)
{
    int (*real)(void *, const char *, void *, int) = next("xlu_cfg_get_string");

    return record(cfg, key, real(cfg, key, value, quiet));
}

int xlu_cfg_replace_string(void *cfg, const char *key, void *value, int quiet)
{
    int (*real)(void *, const char *, void *, int) = next("xlu_cfg_replace_string");

    return record(cfg, key, real(cfg, key, value, quiet));
}

int xlu_cfg_get_long(void *cfg, const char *key, void *value, int quiet)
{
    int (*real)(void *, const char *, void *, int) = next("xlu_cfg_get_long");

    return record(cfg, key, real(cfg, key, value, quiet));
}

int xlu_cfg_get_bounded_long(void *cfg, const char *key, long min, long max, void *value, int quiet)
{
    int (*real)(void *, const char *, long, long, void *, int) = next("xlu_cfg_get_bounded_long");

    return record(cfg, key, real(cfg, key, min, max, value, quiet));
}

int xlu_cfg_get_defbool(void *cfg, const char *key, void *value, int quiet)
{
    int (*real)(void *, const char *, void *, int) = next("xlu_cfg_get_defbool");

    return record(cfg, key, real(cfg, key, value, quiet));
}

int xlu_cfg_get_list(void *cfg, const char *key, void *list, void *entries, int quiet)
{
    int (*real)(void *, const char *, void *, void *, int) = next("xlu_cfg_get_list");

    return record(cfg, key, real(cfg, key, list, entries, quiet));
}

int xlu_cfg_get_list_as_string_list(void *cfg, const char *key, void *list, int quiet)
{
    int (*real)(void *, const char *, void *, int) = next("xlu_cfg_get_list_as_string_list");

    return record(cfg, key, real(cfg, key, list, quiet));
}
