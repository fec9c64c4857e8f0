/* A libnvidia-ml.so.1 of our own: the functions gpusetup asks, for GPUs that do not exist and faults that are planned.

   FAKE_NVML_GPUS    kinds by name, such as "rtx4090,gtx1050m,h100*8"; default none
   FAKE_NVML_FAULTS  "function[@gpu]=fault,…" with fault one of a return code, hang, crash, segv, exit, ones, zeros, text;
                     function "*" means every one. ones/zeros/text return success with garbage in the answer
   FAKE_NVML_DRIVER  the driver version it claims; default 580.95.05
   FAKE_NVML_NAME    the name every GPU claims instead of its own
   FAKE_NVML_MIG     how many slices every GPU is cut into; default 0, MIG off
   FAKE_NVML_FIELDS  the first number of a field that this driver is too old to know; default 308
   FAKE_NVML_FABRIC  "VERSION,MASK,SUMMARY": the newest structure it fills, and what it says; default "3,0x1aa,1", healthy
   FAKE_NVML_XIDS    "XID@GPU,…": events that nvmlEventSetWait reports, one a call; then it times out

   Functions are named as pynvml names them, without _v2 and the like. Declarations are ours, from the documented ABI. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, ARGUMENT_VERSION_MISMATCH = 25 };
enum { MAX_GPUS = 64 };

typedef struct {
    const char *kind, *name;
    int major, minor, architecture;
    unsigned mib, watts, clock, pcie_gen, pci_id;
    int datacentre; /* ECC, MIG, row remapping */
    int nvlinks;
    int c2c; /* links to the processor of the same superchip */
    int shares_memory; /* one chip with its processor */
} Kind;

static const Kind KINDS[] = {
    {"gtx1050m", "NVIDIA GeForce GTX 1050", 6, 1, 4, 4096, 0, 1911, 3, 0x1c8d10de, 0, 0, 0, 0},
    {"v100", "Tesla V100-SXM2-32GB", 7, 0, 5, 32768, 300, 1530, 3, 0x1db510de, 1, 6, 0, 0},
    {"t4", "Tesla T4", 7, 5, 6, 15360, 70, 1590, 3, 0x1eb810de, 1, 0, 0, 0},
    {"a100", "NVIDIA A100-SXM4-80GB", 8, 0, 7, 81920, 400, 1410, 4, 0x20b210de, 1, 12, 0, 0},
    {"rtx4090", "NVIDIA GeForce RTX 4090", 8, 9, 8, 24564, 450, 3120, 4, 0x268410de, 0, 0, 0, 0},
    {"h100", "NVIDIA H100 80GB HBM3", 9, 0, 9, 81559, 700, 1980, 5, 0x233010de, 1, 18, 0, 0},
    {"h200", "NVIDIA H200", 9, 0, 9, 143771, 700, 1980, 5, 0x233510de, 1, 18, 0, 0},
    {"gh200", "NVIDIA GH200 480GB", 9, 0, 9, 97871, 900, 1980, 5, 0x234210de, 1, 18, 10, 0},
    {"gb200", "NVIDIA GB200", 10, 0, 10, 189471, 1200, 2062, 6, 0x294110de, 1, 18, 10, 0},
    {"b300", "NVIDIA B300 SXM6 AC", 10, 3, 10, 275040, 1100, 1920, 6, 0x318210de, 1, 18, 0, 0},
    {"gb10", "NVIDIA GB10", 12, 1, 10, 0, 0, 3003, 5, 0x2e1210de, 0, 0, 0, 1},
    {"b200", "NVIDIA B200", 10, 0, 10, 183359, 1000, 1965, 6, 0x290110de, 1, 18, 0, 0},
    {"rtx5090", "NVIDIA GeForce RTX 5090", 12, 0, 10, 32607, 575, 3090, 5, 0x2b8510de, 0, 0, 0, 0},
};

typedef struct {
    const Kind *kind;
    int index;
} Gpu;

static Gpu gpus[MAX_GPUS];

static const char *setting(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

static int slices(void) { return atoi(setting("FAKE_NVML_MIG", "0")); }

static int count_gpus(void) {
    char plan[4096];
    int count = 0;
    snprintf(plan, sizeof plan, "%s", setting("FAKE_NVML_GPUS", ""));
    for (char *word = strtok(plan, ","); word; word = strtok(NULL, ",")) {
        char *star = strchr(word, '*');
        int times = star ? atoi(star + 1) : 1;
        if (star) *star = 0;
        for (size_t k = 0; k < sizeof KINDS / sizeof *KINDS; k++)
            for (int i = 0; !strcmp(word, KINDS[k].kind) && i < times && count < MAX_GPUS; i++, count++)
                gpus[count] = (Gpu){&KINDS[k], count};
    }
    return count;
}

/* The fault planned for `function` on `gpu` (-1: none), "" when there is none. */
static const char *fault(const char *function, int gpu) {
    static char plan[65536], name[256];
    snprintf(plan, sizeof plan, "%s", setting("FAKE_NVML_FAULTS", ""));
    for (char *word = strtok(plan, ","); word; word = strtok(NULL, ",")) {
        char *equals = strchr(word, '=');
        if (!equals) continue;
        *equals = 0;
        snprintf(name, sizeof name, "%s@%d", function, gpu);
        if (!strcmp(word, function) || !strcmp(word, "*") || !strcmp(word, name)) return equals + 1;
    }
    return "";
}

/* Carry out the planned fault: a return code, or -1 to answer, with *garbage the kind of garbage or 0. */
static int begin(const char *function, const Gpu *gpu, char *garbage) {
    const char *planned = fault(function, gpu ? gpu->index : -1);
    *garbage = 0;
    if (!strcmp(planned, "hang"))
        for (;;) pause();
    if (!strcmp(planned, "crash")) abort();
    if (!strcmp(planned, "segv")) *(volatile int *)8 = 1;
    if (!strcmp(planned, "exit")) exit(0);
    if (!strcmp(planned, "ones") || !strcmp(planned, "zeros") || !strcmp(planned, "text")) *garbage = *planned;
    else if (*planned) return atoi(planned);
    return -1;
}

static void spoil(char garbage, void *answer, size_t size) {
    memset(answer, garbage == 'o' ? 0xff : 0, size);
    if (garbage == 't') snprintf(answer, size, "\x1b[2J<b>%%n");
}

#define BEGIN(function, gpu)                                  \
    char garbage;                                             \
    int code = begin(function, gpu, &garbage);                \
    if (code >= 0) return code

#define ANSWER(type, out, value)                              \
    do {                                                      \
        *(type *)(out) = (type)(value);                       \
        if (garbage) spoil(garbage, (out), sizeof(type));     \
    } while (0)

#define TEXT(out, size, ...)                                  \
    do {                                                      \
        snprintf((out), (size), __VA_ARGS__);                 \
        if (garbage) spoil(garbage, (out), (size) < 64 ? (size) : 64); \
    } while (0)

/* The common shape: one number of one GPU, "not supported" where it has none. */
#define NUMBER(function, symbol, type, has, value)            \
    int symbol(Gpu *gpu, type *out) {                         \
        BEGIN(function, gpu);                                 \
        if (!(has)) return NOT_SUPPORTED;                     \
        ANSWER(type, out, value);                             \
        return SUCCESS;                                       \
    }

int nvmlInitWithFlags(unsigned flags) {
    BEGIN("nvmlInit", NULL);
    (void)flags, (void)garbage;
    count_gpus();
    return SUCCESS;
}

int nvmlShutdown(void) { return SUCCESS; }

const char *nvmlErrorString(int code) {
    (void)code;
    return "an error of the fake driver";
}

int nvmlSystemGetDriverVersion(char *out, unsigned size) {
    BEGIN("nvmlSystemGetDriverVersion", NULL);
    TEXT(out, size, "%s", setting("FAKE_NVML_DRIVER", "580.95.05"));
    return SUCCESS;
}

int nvmlSystemGetNVMLVersion(char *out, unsigned size) {
    BEGIN("nvmlSystemGetNVMLVersion", NULL);
    TEXT(out, size, "13.%s", setting("FAKE_NVML_DRIVER", "580.95.05"));
    return SUCCESS;
}

int nvmlSystemGetCudaDriverVersion_v2(int *out) {
    BEGIN("nvmlSystemGetCudaDriverVersion_v2", NULL);
    ANSWER(int, out, 13000);
    return SUCCESS;
}

int nvmlDeviceGetCount_v2(unsigned *out) {
    BEGIN("nvmlDeviceGetCount", NULL);
    ANSWER(unsigned, out, count_gpus());
    return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, Gpu **out) {
    if ((int)index >= count_gpus()) return INVALID_ARGUMENT;
    BEGIN("nvmlDeviceGetHandleByIndex", &gpus[index]);
    ANSWER(Gpu *, out, &gpus[index]);
    return SUCCESS;
}

int nvmlDeviceGetName(Gpu *gpu, char *out, unsigned size) {
    BEGIN("nvmlDeviceGetName", gpu);
    TEXT(out, size, "%s", setting("FAKE_NVML_NAME", gpu->kind->name));
    return SUCCESS;
}

int nvmlDeviceGetUUID(Gpu *gpu, char *out, unsigned size) {
    BEGIN("nvmlDeviceGetUUID", gpu);
    TEXT(out, size, "GPU-%08x-0000-4000-8000-%012x", gpu->kind->pci_id, gpu->index);
    return SUCCESS;
}

typedef struct {
    char legacy[16];
    unsigned domain, bus, device, pci_id, subsystem_id;
    char address[32];
} PciInfo;

int nvmlDeviceGetPciInfo_v3(Gpu *gpu, PciInfo *out) {
    BEGIN("nvmlDeviceGetPciInfo", gpu);
    *out = (PciInfo){.bus = 1 + gpu->index, .pci_id = gpu->kind->pci_id};
    snprintf(out->legacy, sizeof out->legacy, "0000:%02x:00.0", 1 + gpu->index);
    snprintf(out->address, sizeof out->address, "00000000:%02X:00.0", 1 + gpu->index);
    if (garbage) spoil(garbage, out->address, sizeof out->address);
    return SUCCESS;
}

int nvmlDeviceGetCudaComputeCapability(Gpu *gpu, int *major, int *minor) {
    BEGIN("nvmlDeviceGetCudaComputeCapability", gpu);
    ANSWER(int, major, gpu->kind->major);
    ANSWER(int, minor, gpu->kind->minor);
    return SUCCESS;
}

typedef struct {
    unsigned long long total, free, used;
} Memory;

int nvmlDeviceGetMemoryInfo(Gpu *gpu, Memory *out) {
    BEGIN("nvmlDeviceGetMemoryInfo", gpu);
    if (gpu->kind->shares_memory) return NOT_SUPPORTED;
    unsigned long long total = (unsigned long long)gpu->kind->mib << 20, used = 512ull << 20;
    ANSWER(Memory, out, ((Memory){total, total - used, used}));
    return SUCCESS;
}

typedef struct {
    unsigned gpu, memory;
} Utilization;

int nvmlDeviceGetUtilizationRates(Gpu *gpu, Utilization *out) {
    BEGIN("nvmlDeviceGetUtilizationRates", gpu);
    ANSWER(Utilization, out, ((Utilization){37, 12}));
    return SUCCESS;
}

int nvmlDeviceGetTemperature(Gpu *gpu, int sensor, unsigned *out) {
    BEGIN("nvmlDeviceGetTemperature", gpu);
    (void)sensor;
    ANSWER(unsigned, out, 41 + gpu->index % 8);
    return SUCCESS;
}

int nvmlDeviceGetTemperatureThreshold(Gpu *gpu, int threshold, unsigned *out) {
    BEGIN("nvmlDeviceGetTemperatureThreshold", gpu);
    ANSWER(unsigned, out, threshold == 1 ? 90 : 95);
    return SUCCESS;
}

int nvmlDeviceGetClockInfo(Gpu *gpu, int clock, unsigned *out) {
    BEGIN("nvmlDeviceGetClockInfo", gpu);
    (void)clock;
    ANSWER(unsigned, out, 210);
    return SUCCESS;
}

int nvmlDeviceGetMaxClockInfo(Gpu *gpu, int clock, unsigned *out) {
    BEGIN("nvmlDeviceGetMaxClockInfo", gpu);
    (void)clock;
    ANSWER(unsigned, out, gpu->kind->clock);
    return SUCCESS;
}

typedef unsigned long long Mask;

NUMBER("nvmlDeviceGetPowerUsage", nvmlDeviceGetPowerUsage, unsigned, gpu->kind->watts, 31500)
NUMBER("nvmlDeviceGetEnforcedPowerLimit", nvmlDeviceGetEnforcedPowerLimit, unsigned, gpu->kind->watts, gpu->kind->watts * 1000)
NUMBER("nvmlDeviceGetCurrentClocksEventReasons", nvmlDeviceGetCurrentClocksEventReasons, Mask, 1, 1)
NUMBER("nvmlDeviceGetCurrentClocksThrottleReasons", nvmlDeviceGetCurrentClocksThrottleReasons, Mask, 1, 1)
NUMBER("nvmlDeviceGetPersistenceMode", nvmlDeviceGetPersistenceMode, int, 1, 1)
NUMBER("nvmlDeviceGetComputeMode", nvmlDeviceGetComputeMode, int, 1, 0)
NUMBER("nvmlDeviceGetRetiredPagesPendingStatus", nvmlDeviceGetRetiredPagesPendingStatus, int, gpu->kind->datacentre, 0)
NUMBER("nvmlDeviceGetCurrPcieLinkGeneration", nvmlDeviceGetCurrPcieLinkGeneration, unsigned, 1, gpu->kind->pcie_gen)
NUMBER("nvmlDeviceGetMaxPcieLinkGeneration", nvmlDeviceGetMaxPcieLinkGeneration, unsigned, 1, gpu->kind->pcie_gen)
NUMBER("nvmlDeviceGetCurrPcieLinkWidth", nvmlDeviceGetCurrPcieLinkWidth, unsigned, 1, 16)
NUMBER("nvmlDeviceGetMaxPcieLinkWidth", nvmlDeviceGetMaxPcieLinkWidth, unsigned, 1, 16)

int nvmlDeviceGetEccMode(Gpu *gpu, int *current, int *pending) {
    BEGIN("nvmlDeviceGetEccMode", gpu);
    if (!gpu->kind->datacentre) return NOT_SUPPORTED;
    ANSWER(int, current, 1);
    ANSWER(int, pending, 1);
    return SUCCESS;
}

int nvmlDeviceGetTotalEccErrors(Gpu *gpu, int type, int counter, Mask *out) {
    BEGIN("nvmlDeviceGetTotalEccErrors", gpu);
    (void)type, (void)counter;
    if (!gpu->kind->datacentre) return NOT_SUPPORTED;
    ANSWER(Mask, out, 0);
    return SUCCESS;
}

int nvmlDeviceGetRemappedRows(Gpu *gpu, unsigned *corrected, unsigned *uncorrected, unsigned *pending, unsigned *failed) {
    BEGIN("nvmlDeviceGetRemappedRows", gpu);
    if (!gpu->kind->datacentre) return NOT_SUPPORTED;
    ANSWER(unsigned, corrected, 0);
    ANSWER(unsigned, uncorrected, 0);
    ANSWER(unsigned, pending, 0);
    ANSWER(unsigned, failed, 0);
    return SUCCESS;
}

int nvmlDeviceGetMigMode(Gpu *gpu, unsigned *current, unsigned *pending) {
    BEGIN("nvmlDeviceGetMigMode", gpu);
    if (!gpu->kind->datacentre) return NOT_SUPPORTED;
    ANSWER(unsigned, current, slices() > 0);
    ANSWER(unsigned, pending, slices() > 0);
    return SUCCESS;
}

NUMBER("nvmlDeviceGetMaxMigDeviceCount", nvmlDeviceGetMaxMigDeviceCount, unsigned, gpu->kind->datacentre, 7)

int nvmlDeviceGetMigDeviceHandleByIndex(Gpu *gpu, unsigned index, Gpu **out) {
    BEGIN("nvmlDeviceGetMigDeviceHandleByIndex", gpu);
    if ((int)index >= slices()) return NOT_FOUND;
    ANSWER(Gpu *, out, gpu);
    return SUCCESS;
}

NUMBER("nvmlDeviceGetArchitecture", nvmlDeviceGetArchitecture, unsigned, 1, gpu->kind->architecture)
NUMBER("nvmlDeviceGetMinorNumber", nvmlDeviceGetMinorNumber, unsigned, 1, gpu->index)
NUMBER("nvmlDeviceGetPerformanceState", nvmlDeviceGetPerformanceState, int, 1, 8)
NUMBER("nvmlDeviceGetPowerManagementDefaultLimit", nvmlDeviceGetPowerManagementDefaultLimit, unsigned, gpu->kind->watts,
       gpu->kind->watts * 1000)
NUMBER("nvmlDeviceGetPcieReplayCounter", nvmlDeviceGetPcieReplayCounter, unsigned, 1, 0)
NUMBER("nvmlDeviceGetVirtualizationMode", nvmlDeviceGetVirtualizationMode, int, 1, 0)

int nvmlDeviceGetVbiosVersion(Gpu *gpu, char *out, unsigned size) {
    BEGIN("nvmlDeviceGetVbiosVersion", gpu);
    TEXT(out, size, "96.00.89.00.01");
    return SUCCESS;
}

int nvmlDeviceGetBAR1MemoryInfo(Gpu *gpu, Memory *out) {
    BEGIN("nvmlDeviceGetBAR1MemoryInfo", gpu);
    ANSWER(Memory, out, ((Memory){256ull << 20, 255ull << 20, 1ull << 20}));
    return SUCCESS;
}

int nvmlDeviceGetRetiredPages(Gpu *gpu, int cause, unsigned *count, Mask *out) {
    BEGIN("nvmlDeviceGetRetiredPages", gpu);
    (void)cause, (void)out;
    if (!gpu->kind->datacentre || gpu->kind->major > 7) return NOT_SUPPORTED;
    ANSWER(unsigned, count, 0);
    return SUCCESS;
}

typedef struct {
    unsigned pid;
    Mask memory;
    unsigned instance, slice;
} Process;

int nvmlDeviceGetComputeRunningProcesses_v3(Gpu *gpu, unsigned *count, Process *out) {
    BEGIN("nvmlDeviceGetComputeRunningProcesses", gpu);
    if (*count < 1 || !out) {
        *count = 1;
        return INSUFFICIENT_SIZE;
    }
    *count = 1;
    ANSWER(Process, out, ((Process){4242, 300ull << 20, -1, -1}));
    return SUCCESS;
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(Gpu *gpu, unsigned *count, Process *out) {
    BEGIN("nvmlDeviceGetGraphicsRunningProcesses", gpu);
    (void)out;
    if (gpu->kind->datacentre) return NOT_SUPPORTED;
    ANSWER(unsigned, count, 0);
    return SUCCESS;
}

int nvmlDeviceGetNvLinkState(Gpu *gpu, unsigned link, int *out) {
    BEGIN("nvmlDeviceGetNvLinkState", gpu);
    if (!gpu->kind->nvlinks) return NOT_SUPPORTED;
    if ((int)link >= gpu->kind->nvlinks) return INVALID_ARGUMENT;
    ANSWER(int, out, 1);
    return SUCCESS;
}

int nvmlDeviceGetGspFirmwareVersion(Gpu *gpu, char *out) {
    BEGIN("nvmlDeviceGetGspFirmwareVersion", gpu);
    if (gpu->kind->architecture < 6) return NOT_SUPPORTED;
    TEXT(out, 64, "%s", setting("FAKE_NVML_DRIVER", "580.95.05"));
    return SUCCESS;
}

int nvmlDeviceGetGspFirmwareMode(Gpu *gpu, unsigned *enabled, unsigned *by_default) {
    BEGIN("nvmlDeviceGetGspFirmwareMode", gpu);
    if (gpu->kind->architecture < 6) return NOT_SUPPORTED;
    ANSWER(unsigned, enabled, 1);
    ANSWER(unsigned, by_default, 1);
    return SUCCESS;
}

typedef struct {
    unsigned field, scope;
    long long timestamp, latency;
    int type, code;
    unsigned long long value;
} FieldValue;

enum { UNSIGNED = 1, UNSIGNED_LONG_LONG = 3, SIGNED = 5 };
enum { MEMORY_TEMPERATURE = 82, NVLINK_SPEED = 164, C2C_LINK_COUNT = 170, C2C_LINK_STATUS = 171 };

static int within(unsigned number, unsigned first, unsigned last) { return first <= number && number <= last; }

static int knows(unsigned field) { return (int)field < atoi(setting("FAKE_NVML_FIELDS", "308")); }

/* Whether this kind of GPU has the field, as the header and the cards of its generation say. */
static int has_field(const Kind *kind, unsigned field, unsigned scope) {
    if (within(field, 193, 196) || within(field, 269, 271)) return kind->architecture >= 9;
    if (within(field, 170, 171) || within(field, 231, 233)) return kind->c2c && (field != C2C_LINK_STATUS || (int)scope < kind->c2c);
    if (within(field, 206, 222)) return kind->nvlinks && kind->architecture >= 10 && (int)scope < kind->nvlinks;
    if (within(field, 301, 307)) return kind->datacentre && kind->architecture >= 10;
    if (field == NVLINK_SPEED) return kind->nvlinks && kind->architecture >= 7 && (int)scope < kind->nvlinks;
    if (field == 38 || field == 52 || field == 59) return kind->nvlinks && kind->architecture < 10;
    return kind->datacentre;
}

static long long value_of(const Kind *kind, unsigned field) {
    switch (field) {
        case MEMORY_TEMPERATURE: return 47;
        case C2C_LINK_COUNT: return kind->c2c;
        case C2C_LINK_STATUS: return 1;
        case NVLINK_SPEED: return kind->architecture >= 10 ? 53125 : kind->architecture == 9 ? 26562 : 25000;
        case 193: return -8;
        case 194: return -2;
    }
    return 0;
}

int nvmlDeviceGetFieldValues(Gpu *gpu, int count, FieldValue *out) {
    BEGIN("nvmlDeviceGetFieldValues", gpu);
    for (int i = 0; i < count; i++) {
        unsigned field = out[i].field;
        out[i].type = within(field, 193, 196) ? SIGNED : within(field, 206, 222) ? UNSIGNED_LONG_LONG : UNSIGNED;
        out[i].code = !knows(field) ? INVALID_ARGUMENT : has_field(gpu->kind, field, out[i].scope) ? SUCCESS : NOT_SUPPORTED;
        ANSWER(unsigned long long, &out[i].value, value_of(gpu->kind, field));
    }
    return SUCCESS;
}

typedef struct {
    unsigned char cluster[16];
    int status;
    unsigned clique;
    unsigned char state;
} Fabric;

int nvmlDeviceGetGpuFabricInfo(Gpu *gpu, Fabric *out) {
    BEGIN("nvmlDeviceGetGpuFabricInfo", gpu);
    if (!gpu->kind->datacentre) return NOT_SUPPORTED;
    ANSWER(Fabric, out, ((Fabric){.state = gpu->kind->major >= 9 ? 3 : 0}));
    return SUCCESS;
}

typedef struct {
    unsigned version;
    unsigned char cluster[16];
    int status;
    unsigned clique;
    unsigned state;
    unsigned mask;
    unsigned char summary; /* from version 3 on */
} FabricV;

int nvmlDeviceGetGpuFabricInfoV(Gpu *gpu, FabricV *out) {
    BEGIN("nvmlDeviceGetGpuFabricInfoV", gpu);
    unsigned newest = 3, mask = 0x1aa, summary = 1, size, version = out->version;
    sscanf(setting("FAKE_NVML_FABRIC", ""), "%u,%i,%u", &newest, (int *)&mask, &summary);
    if (version == (sizeof(FabricV) | 3u << 24) && newest >= 3) size = sizeof(FabricV);
    else if (version == ((sizeof(FabricV) - 4) | 2u << 24)) size = sizeof(FabricV) - 4;
    else return ARGUMENT_VERSION_MISMATCH;
    if (!gpu->kind->datacentre) return NOT_SUPPORTED;
    FabricV answer = {.version = version, .clique = 1, .mask = mask, .summary = summary,
                      .state = gpu->kind->nvlinks && gpu->kind->major >= 9 ? 3 : 0};
    if (garbage) spoil(garbage, (char *)&answer + 4, size - 4);
    memcpy(out, &answer, size);
    return SUCCESS;
}

int nvmlDeviceGetTopologyCommonAncestor(Gpu *gpu, Gpu *other, int *out) {
    BEGIN("nvmlDeviceGetTopologyCommonAncestor", gpu);
    ANSWER(int, out, gpu->index / 4 == other->index / 4 ? 40 : 50);
    return SUCCESS;
}

int nvmlDeviceGetP2PStatus(Gpu *gpu, Gpu *other, int capability, int *out) {
    BEGIN("nvmlDeviceGetP2PStatus", gpu);
    (void)capability;
    ANSWER(int, out, gpu->kind->datacentre && other->kind->datacentre ? 0 : 5);
    return SUCCESS;
}

typedef struct {
    unsigned environment, feature, developer;
} Confidential;

int nvmlSystemGetConfComputeState(Confidential *out) {
    BEGIN("nvmlSystemGetConfComputeState", NULL);
    ANSWER(Confidential, out, ((Confidential){0, 0, 0}));
    return SUCCESS;
}

NUMBER("nvmlDeviceGetApplicationsClock", nvmlDeviceGetApplicationsClock_of, unsigned, gpu->kind->datacentre, gpu->kind->clock)
NUMBER("nvmlDeviceGetDefaultApplicationsClock", nvmlDeviceGetDefaultApplicationsClock_of, unsigned, gpu->kind->datacentre,
       gpu->kind->clock)
NUMBER("nvmlDeviceGetFanSpeed", nvmlDeviceGetFanSpeed, unsigned, !gpu->kind->datacentre, 30)
NUMBER("nvmlDeviceGetInforomConfigurationChecksum", nvmlDeviceGetInforomConfigurationChecksum, unsigned,
       gpu->kind->datacentre, 0x5eed)
NUMBER("nvmlDeviceGetGpuInstanceId", nvmlDeviceGetGpuInstanceId, unsigned, slices(), 1)
NUMBER("nvmlDeviceGetComputeInstanceId", nvmlDeviceGetComputeInstanceId, unsigned, slices(), 0)

int nvmlDeviceGetApplicationsClock(Gpu *gpu, int clock, unsigned *out) {
    (void)clock;
    return nvmlDeviceGetApplicationsClock_of(gpu, out);
}

int nvmlDeviceGetDefaultApplicationsClock(Gpu *gpu, int clock, unsigned *out) {
    (void)clock;
    return nvmlDeviceGetDefaultApplicationsClock_of(gpu, out);
}

typedef struct {
    unsigned version;
    unsigned long long parity, secded, corrected, volatile_counts[3], buckets[5];
    unsigned threshold_exceeded;
} SramErrors;

int nvmlDeviceGetSramEccErrorStatus(Gpu *gpu, SramErrors *out) {
    BEGIN("nvmlDeviceGetSramEccErrorStatus", gpu);
    if (!gpu->kind->datacentre) return NOT_SUPPORTED;
    if (out->version != (sizeof *out | 1u << 24)) return ARGUMENT_VERSION_MISMATCH;
    ANSWER(SramErrors, out, ((SramErrors){.version = out->version}));
    return SUCCESS;
}

typedef struct {
    unsigned all, many, some, few, none;
} SpareRows;

int nvmlDeviceGetRowRemapperHistogram(Gpu *gpu, SpareRows *out) {
    BEGIN("nvmlDeviceGetRowRemapperHistogram", gpu);
    if (!gpu->kind->datacentre || gpu->kind->major < 8) return NOT_SUPPORTED;
    ANSWER(SpareRows, out, ((SpareRows){.all = 640}));
    return SUCCESS;
}

typedef struct {
    unsigned code, state;
    char info[128], product[128];
    unsigned enabled;
    struct {
        unsigned year;
        unsigned short month, day, hour, minute, second;
        unsigned char status;
    } expiry;
} Feature;

typedef struct {
    int supported;
    unsigned count;
    Feature features[3];
} Licences;

int nvmlDeviceGetGridLicensableFeatures_v4(Gpu *gpu, Licences *out) {
    BEGIN("nvmlDeviceGetGridLicensableFeatures", gpu);
    ANSWER(Licences, out, ((Licences){0}));
    return SUCCESS;
}

int nvmlDeviceGetActiveVgpus(Gpu *gpu, unsigned *count, unsigned *out) {
    BEGIN("nvmlDeviceGetActiveVgpus", gpu);
    (void)out;
    if (!gpu->kind->datacentre) return NOT_SUPPORTED;
    ANSWER(unsigned, count, 0);
    return SUCCESS;
}

int nvmlSystemGetConfComputeGpusReadyState(unsigned *out) {
    BEGIN("nvmlSystemGetConfComputeGpusReadyState", NULL);
    ANSWER(unsigned, out, 0);
    return SUCCESS;
}

typedef struct {
    unsigned version;
    int value;
} Versioned; /* nvmlMarginTemperature_v1_t, nvmlDeviceAddressingMode_v1_t, nvmlUnrepairableMemory_v1_t */

#define VERSIONED(function, symbol, has, answer)                                        \
    int symbol(Gpu *gpu, Versioned *out) {                                              \
        BEGIN(function, gpu);                                                           \
        if (out->version != (sizeof *out | 1u << 24)) return ARGUMENT_VERSION_MISMATCH; \
        if (!(has)) return NOT_SUPPORTED;                                               \
        ANSWER(int, &out->value, answer);                                               \
        return SUCCESS;                                                                 \
    }

VERSIONED("nvmlDeviceGetMarginTemperature", nvmlDeviceGetMarginTemperature, gpu->kind->architecture >= 9, 50)
VERSIONED("nvmlDeviceGetAddressingMode", nvmlDeviceGetAddressingMode, 1, gpu->kind->c2c || gpu->kind->shares_memory ? 2 : 1)
VERSIONED("nvmlDeviceGetUnrepairableMemoryFlag_v1", nvmlDeviceGetUnrepairableMemoryFlag_v1, gpu->kind->datacentre, 0)
NUMBER("nvmlDeviceGetModuleId", nvmlDeviceGetModuleId, unsigned, gpu->kind->nvlinks, 1 + gpu->index)

typedef struct {
    unsigned version, channel, tpc;
} Repairs;

int nvmlDeviceGetRepairStatus(Gpu *gpu, Repairs *out) {
    BEGIN("nvmlDeviceGetRepairStatus", gpu);
    if (out->version != (sizeof *out | 1u << 24)) return ARGUMENT_VERSION_MISMATCH;
    if (!gpu->kind->datacentre || gpu->kind->major < 10) return NOT_SUPPORTED;
    ANSWER(unsigned, &out->channel, 0);
    ANSWER(unsigned, &out->tpc, 0);
    return SUCCESS;
}

typedef struct {
    unsigned long long reference, violation;
} Violation;

int nvmlDeviceGetViolationStatus(Gpu *gpu, int policy, Violation *out) {
    BEGIN("nvmlDeviceGetViolationStatus", gpu);
    if (gpu->kind->shares_memory || policy > 5) return NOT_SUPPORTED;
    ANSWER(Violation, out, ((Violation){0}));
    return SUCCESS;
}

typedef struct {
    unsigned version;
    unsigned char guid[16], chassis[16], slot, tray, host, peers, module;
} Platform;

int nvmlDeviceGetPlatformInfo(Gpu *gpu, Platform *out) {
    BEGIN("nvmlDeviceGetPlatformInfo", gpu);
    if (out->version != (sizeof *out | 2u << 24)) return ARGUMENT_VERSION_MISMATCH;
    if (!gpu->kind->nvlinks || gpu->kind->major < 10) return NOT_SUPPORTED;
    Platform answer = {.version = out->version, .slot = 4, .tray = 2, .host = 1, .peers = 1, .module = 1 + gpu->index};
    memcpy(answer.chassis, "1234567890123456", 16);
    if (garbage) spoil(garbage, (char *)&answer + 4, sizeof answer - 4);
    *out = answer;
    return SUCCESS;
}

int nvmlDeviceValidateInforom(Gpu *gpu) {
    BEGIN("nvmlDeviceValidateInforom", gpu);
    (void)garbage;
    return gpu->kind->shares_memory ? NOT_SUPPORTED : SUCCESS;
}

typedef struct {
    Gpu *gpu;
    unsigned long long type, data;
    unsigned instance, slice;
} Event;

enum { TIMEOUT = 10, XID_EVENT = 8 };
static int told_events;

int nvmlEventSetCreate(void **out) {
    BEGIN("nvmlEventSetCreate", NULL);
    ANSWER(void *, out, &told_events);
    return SUCCESS;
}

int nvmlDeviceGetSupportedEventTypes(Gpu *gpu, unsigned long long *out) {
    BEGIN("nvmlDeviceGetSupportedEventTypes", gpu);
    ANSWER(unsigned long long, out, gpu->kind->shares_memory ? 0 : XID_EVENT | 3);
    return SUCCESS;
}

int nvmlDeviceRegisterEvents(Gpu *gpu, unsigned long long types, void *set) {
    BEGIN("nvmlDeviceRegisterEvents", gpu);
    (void)types, (void)set, (void)garbage;
    return SUCCESS;
}

int nvmlEventSetWait_v2(void *set, Event *out, unsigned milliseconds) {
    BEGIN("nvmlEventSetWait_v2", NULL);
    (void)set;
    char plan[4096];
    int count = 0;
    snprintf(plan, sizeof plan, "%s", setting("FAKE_NVML_XIDS", ""));
    for (char *word = strtok(plan, ","); word; word = strtok(NULL, ","), count++)
        if (count == told_events) {
            int gpu = strchr(word, '@') ? atoi(strchr(word, '@') + 1) : 0;
            told_events++;
            ANSWER(Event, out, ((Event){&gpus[gpu], XID_EVENT, atoi(word), -1, -1}));
            return SUCCESS;
        }
    usleep(milliseconds * 1000);
    return TIMEOUT;
}

int nvmlEventSetFree(void *set) {
    (void)set;
    return SUCCESS;
}
