/*
 * Asks libxlutil, and flattens what it answers, so that its structures need not be known in Rust.
 *
 * An answer is one value:
 *   'N'                       nothing (a NULL pointer, a key that is not set)
 *   'I' int64                 a number
 *   'S' uint32 bytes          a string
 *   'L' uint32 values         a list
 * All numbers are in the machine's own order: the answer never leaves the process, or its parent.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libxl.h>
#include <libxlutil.h>

/* The same numbers as in src/ask.rs. */
enum kind { CONFIG, DISK, PCI_BDF, PCI_SPEC, RDM, RATE };
enum verdict { ACCEPTED = 0, REFUSED = 1, DIED = 2, FAILED = 3 };

struct buffer {
    char *bytes;
    size_t length, room;
};

static void put(struct buffer *to, const void *bytes, size_t length)
{
    if (to->room - to->length < length) {
        to->room = (to->length + length) * 2 + 256;
        to->bytes = realloc(to->bytes, to->room);
        if (!to->bytes) abort();
    }
    if (length) memcpy(to->bytes + to->length, bytes, length);
    to->length += length;
}

static void put_count(struct buffer *to, char tag, size_t count)
{
    uint32_t number = (uint32_t)count;
    put(to, &tag, 1);
    put(to, &number, sizeof number);
}

static void put_string(struct buffer *to, const char *string)
{
    if (!string) {
        put(to, "N", 1);
        return;
    }
    size_t length = strlen(string);
    put_count(to, 'S', length);
    put(to, string, length);
}

static void put_integer(struct buffer *to, int64_t number)
{
    put(to, "I", 1);
    put(to, &number, sizeof number);
}

/* A member of a structure: its name, its value. */
static void member_string(struct buffer *to, const char *name, const char *string)
{
    put_count(to, 'L', 2);
    put_string(to, name);
    put_string(to, string);
}

static void member_integer(struct buffer *to, const char *name, int64_t number)
{
    put_count(to, 'L', 2);
    put_string(to, name);
    put_integer(to, number);
}

static void put_value(struct buffer *to, const XLU_Config *config, XLU_ConfigValue *value)
{
    char *string;
    XLU_ConfigList *list;
    if (xlu_cfg_value_type(value) == XLU_STRING) {
        if (xlu_cfg_value_get_string(config, value, &string, 1)) abort();
        put_string(to, string);
        return;
    }
    if (xlu_cfg_value_get_list(config, value, &list, 1)) abort();
    size_t count = 0;
    while (xlu_cfg_get_listitem2(list, (int)count)) count++;
    put_count(to, 'L', count);
    for (size_t item = 0; item < count; item++)
        put_value(to, config, xlu_cfg_get_listitem2(list, (int)item));
}

/* Of each key, its value by every way that the library has, and the number that it reads there. */
static void put_settings(struct buffer *to, const XLU_Config *config, const char *keys, size_t count)
{
    put_count(to, 'L', count);
    for (size_t key = 0; key < count; key++, keys += strlen(keys) + 1) {
        const char *string;
        XLU_ConfigList *list;
        int items;
        long number;
        if (!xlu_cfg_get_string(config, keys, &string, 1)) {
            int unread = xlu_cfg_get_long(config, keys, &number, 1);
            put_count(to, 'L', 2);
            put_string(to, string);
            if (unread) put(to, "N", 1);
            else put_integer(to, number);
        } else if (!xlu_cfg_get_list(config, keys, &list, &items, 1)) {
            put_count(to, 'L', 1);
            put_count(to, 'L', (size_t)items);
            for (int item = 0; item < items; item++) {
                XLU_ConfigValue *value = xlu_cfg_get_listitem2(list, item);
                const char *direct = xlu_cfg_get_listitem(list, item);
                if (!value || (xlu_cfg_value_type(value) == XLU_STRING) != !!direct) abort();
                put_value(to, config, value);
            }
        } else {
            put(to, "N", 1);
        }
    }
}

static int ask_disk(XLU_Config *config, const char *spec, struct buffer *to)
{
    libxl_device_disk disk;
    libxl_device_disk_init(&disk);
    int error = xlu_disk_parse(config, 1, &spec, &disk);
    if (!error) {
        put_count(to, 'L', 21);
        member_string(to, "backend_domname", disk.backend_domname);
        member_string(to, "pdev_path", disk.pdev_path);
        member_string(to, "vdev", disk.vdev);
        member_string(to, "backend", libxl_disk_backend_to_string(disk.backend));
        member_string(to, "format", libxl_disk_format_to_string(disk.format));
        member_string(to, "script", disk.script);
        member_integer(to, "removable", disk.removable);
        member_integer(to, "readwrite", disk.readwrite);
        member_integer(to, "is_cdrom", disk.is_cdrom);
        member_integer(to, "direct_io_safe", disk.direct_io_safe);
        member_string(to, "discard_enable", libxl_defbool_to_string(disk.discard_enable));
        member_string(to, "specification", libxl_disk_specification_to_string(disk.specification));
        member_string(to, "transport", libxl_disk_transport_to_string(disk.transport));
        member_integer(to, "irq", disk.irq);
        member_string(to, "colo_enable", libxl_defbool_to_string(disk.colo_enable));
        member_string(to, "colo_host", disk.colo_host);
        member_integer(to, "colo_port", disk.colo_port);
        member_string(to, "colo_export", disk.colo_export);
        member_string(to, "active_disk", disk.active_disk);
        member_string(to, "hidden_disk", disk.hidden_disk);
        member_string(to, "trusted", libxl_defbool_to_string(disk.trusted));
    }
    libxl_device_disk_dispose(&disk);
    return error;
}

static int ask_pci(XLU_Config *config, enum kind kind, const char *spec, struct buffer *to)
{
    libxl_device_pci pci;
    libxl_device_pci_init(&pci);
    int error = kind == PCI_BDF ? xlu_pci_parse_bdf(config, &pci, spec)
                                : xlu_pci_parse_spec_string(config, &pci, spec);
    if (!error) {
        put_count(to, 'L', 12);
        member_integer(to, "domain", pci.domain);
        member_integer(to, "bus", pci.bus);
        member_integer(to, "dev", pci.dev);
        member_integer(to, "func", pci.func);
        member_integer(to, "vdevfn", pci.vdevfn);
        member_integer(to, "vfunc_mask", pci.vfunc_mask);
        member_integer(to, "msitranslate", pci.msitranslate);
        member_integer(to, "power_mgmt", pci.power_mgmt);
        member_integer(to, "permissive", pci.permissive);
        member_integer(to, "seize", pci.seize);
        member_string(to, "rdm_policy", libxl_rdm_reserve_policy_to_string(pci.rdm_policy));
        member_string(to, "name", pci.name);
    }
    libxl_device_pci_dispose(&pci);
    return error;
}

static int ask_rdm(XLU_Config *config, const char *spec, struct buffer *to)
{
    libxl_rdm_reserve rdm;
    libxl_rdm_reserve_init(&rdm);
    int error = xlu_rdm_parse(config, &rdm, spec);
    if (!error) {
        put_count(to, 'L', 2);
        member_string(to, "strategy", libxl_rdm_reserve_strategy_to_string(rdm.strategy));
        member_string(to, "policy", libxl_rdm_reserve_policy_to_string(rdm.policy));
    }
    libxl_rdm_reserve_dispose(&rdm);
    return error;
}

static int ask_rate(XLU_Config *config, const char *spec, struct buffer *to)
{
    libxl_device_nic nic;
    libxl_device_nic_init(&nic);
    /* It takes an ERANGE that something else left behind for its own. */
    errno = 0;
    int error = xlu_vif_parse_rate(config, spec, &nic);
    if (!error) {
        put_count(to, 'L', 2);
        member_integer(to, "rate_bytes_per_interval", (int64_t)nic.rate_bytes_per_interval);
        member_integer(to, "rate_interval_usecs", nic.rate_interval_usecs);
    }
    libxl_device_nic_dispose(&nic);
    return error;
}

static int ask(enum kind kind, const char *text, size_t length, const char *keys, size_t key_count,
               struct buffer *answer, struct buffer *report)
{
    char *messages = NULL;
    size_t size = 0;
    int error;
    if (length > INT_MAX) return FAILED;
    FILE *stream = open_memstream(&messages, &size);
    if (!stream) return FAILED;
    XLU_Config *config = xlu_cfg_init(stream, "peer");
    if (!config) {
        fclose(stream);
        free(messages);
        return FAILED;
    }
    switch (kind) {
    case CONFIG:
        error = xlu_cfg_readdata(config, text, (int)length);
        if (!error) put_settings(answer, config, keys, key_count);
        break;
    case DISK: error = ask_disk(config, text, answer); break;
    case PCI_BDF:
    case PCI_SPEC: error = ask_pci(config, kind, text, answer); break;
    case RDM: error = ask_rdm(config, text, answer); break;
    case RATE: error = ask_rate(config, text, answer); break;
    default: error = -1; abort();
    }
    xlu_cfg_destroy(config);
    fclose(stream);
    put(report, messages, size);
    free(messages);
    return error ? REFUSED : ACCEPTED;
}

static int read_all(int from, struct buffer *to)
{
    char chunk[4096];
    ssize_t got;
    while ((got = read(from, chunk, sizeof chunk))) {
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        put(to, chunk, (size_t)got);
    }
    return 0;
}

static void write_all(int to, const char *bytes, size_t length)
{
    while (length) {
        ssize_t put = write(to, bytes, length);
        if (put < 0) _exit(FAILED);
        bytes += put;
        length -= (size_t)put;
    }
}

/* In a process of its own: what the library does with some texts ends it. */
static int ask_apart(enum kind kind, const char *text, size_t length, const char *keys, size_t key_count,
                     struct buffer *answer, struct buffer *report)
{
    int ends[2], status;
    if (pipe(ends)) return FAILED;
    pid_t child = fork();
    if (child < 0) {
        close(ends[0]);
        close(ends[1]);
        return FAILED;
    }
    if (!child) {
        close(ends[0]);
        /* What it says as it dies would stand between the lines of the tests. */
        close(STDERR_FILENO);
        /* A fuzzer must not take the end of this process for its own. */
        signal(SIGABRT, SIG_DFL);
        signal(SIGSEGV, SIG_DFL);
        int verdict = ask(kind, text, length, keys, key_count, answer, report);
        uint64_t first = answer->length;
        write_all(ends[1], (const char *)&first, sizeof first);
        write_all(ends[1], answer->bytes, answer->length);
        write_all(ends[1], report->bytes, report->length);
        _exit(verdict);
    }
    close(ends[1]);
    struct buffer all = { 0 };
    int unread = read_all(ends[0], &all);
    close(ends[0]);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) {
            free(all.bytes);
            return FAILED;
        }
    int verdict = FAILED;
    uint64_t first;
    if (!unread && !WIFEXITED(status)) {
        verdict = DIED;
    } else if (!unread && all.length >= sizeof first) {
        memcpy(&first, all.bytes, sizeof first);
        put(answer, all.bytes + sizeof first, first);
        put(report, all.bytes + sizeof first + first, all.length - sizeof first - first);
        verdict = WEXITSTATUS(status);
    } else if (!unread) {
        /* It left by exit() within the library. */
        verdict = DIED;
    }
    free(all.bytes);
    return verdict;
}

/*
 * The text is followed by a NUL that its length does not count; keys are NUL-terminated, one after the other.
 * The answer and the report are the caller's, to be given back to peer_free.
 */
int peer_ask(int kind, int apart, const char *text, size_t length, const char *keys, size_t key_count,
             char **answer, size_t *answer_length, char **report, size_t *report_length)
{
    struct buffer answered = { 0 }, reported = { 0 };
    int verdict = (apart ? ask_apart : ask)((enum kind)kind, text, length, keys, key_count, &answered, &reported);
    *answer = answered.bytes;
    *answer_length = answered.length;
    *report = reported.bytes;
    *report_length = reported.length;
    return verdict;
}

void peer_free(char *bytes)
{
    free(bytes);
}

/* What a program does that only reads: for the bench. */
int peer_read(const char *text, size_t length)
{
    XLU_Config *config = xlu_cfg_init(stderr, "bench");
    if (!config || length > INT_MAX) return -1;
    int error = xlu_cfg_readdata(config, text, (int)length);
    xlu_cfg_destroy(config);
    return error;
}
