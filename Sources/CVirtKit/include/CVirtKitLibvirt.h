// libvirt's binary interface: the structures that its functions take and give. VirtKit loads libvirt at run time and is
// built without its headers; a test compares these declarations with the real ones. Names are those of libvirt with the
// prefix vk_ and in lower case.
#ifndef CVIRTKIT_LIBVIRT_H
#define CVIRTKIT_LIBVIRT_H

#include <stddef.h>

/// virError, of virterror.h.
struct vk_virError {
    int code;
    int domain;
    char *message;
    int level;
    void *conn;
    void *dom;
    char *str1;
    char *str2;
    char *str3;
    int int1;
    int int2;
    void *net;
};

/// virTypedParameter, of libvirt-common.h.
struct vk_virTypedParameter {
    char field[80];
    int type;
    union {
        int i;
        unsigned int ui;
        long long l;
        unsigned long long ul;
        double d;
        char b;
        char *s;
    } value;
};

/// virConnectCredential, of libvirt-host.h.
struct vk_virConnectCredential {
    int type;
    const char *prompt;
    const char *challenge;
    const char *defresult;
    char *result;
    unsigned int resultlen;
};

/// virConnectAuth, of libvirt-host.h.
struct vk_virConnectAuth {
    int *credtype;
    unsigned int ncredtype;
    int (*cb)(struct vk_virConnectCredential *credentials, unsigned int count, void *data);
    void *cbdata;
};

/// virNodeInfo, of libvirt-host.h.
struct vk_virNodeInfo {
    char model[32];
    unsigned long memory;
    unsigned int cpus;
    unsigned int mhz;
    unsigned int nodes;
    unsigned int sockets;
    unsigned int cores;
    unsigned int threads;
};

/// virDomainInfo, of libvirt-domain.h.
struct vk_virDomainInfo {
    unsigned char state;
    unsigned long maxMem;
    unsigned long memory;
    unsigned short nrVirtCpu;
    unsigned long long cpuTime;
};

/// virDomainBlockInfo, of libvirt-domain.h.
struct vk_virDomainBlockInfo {
    unsigned long long capacity;
    unsigned long long allocation;
    unsigned long long physical;
};

/// virDomainBlockJobInfo, of libvirt-domain.h.
struct vk_virDomainBlockJobInfo {
    int type;
    unsigned long bandwidth;
    unsigned long long cur;
    unsigned long long end;
};

/// virDomainStatsRecord, of libvirt-domain.h.
struct vk_virDomainStatsRecord {
    void *dom;
    struct vk_virTypedParameter *params;
    int nparams;
};

/// virDomainInterfaceStatsStruct, of libvirt-domain.h.
struct vk_virDomainInterfaceStatsStruct {
    long long rx_bytes;
    long long rx_packets;
    long long rx_errs;
    long long rx_drop;
    long long tx_bytes;
    long long tx_packets;
    long long tx_errs;
    long long tx_drop;
};

/// virDomainMemoryStatStruct, of libvirt-domain.h.
struct vk_virDomainMemoryStatStruct {
    int tag;
    unsigned long long val;
};

/// virDomainIPAddress, of libvirt-domain.h.
struct vk_virDomainIPAddress {
    int type;
    char *addr;
    unsigned int prefix;
};

/// virDomainInterface, of libvirt-domain.h.
struct vk_virDomainInterface {
    char *name;
    char *hwaddr;
    unsigned int naddrs;
    struct vk_virDomainIPAddress *addrs;
};

/// virDomainFSInfo, of libvirt-domain.h.
struct vk_virDomainFSInfo {
    char *mountpoint;
    char *name;
    char *fstype;
    size_t ndevAlias;
    char **devAlias;
};

/// virDomainDiskError, of libvirt-domain.h.
struct vk_virDomainDiskError {
    char *disk;
    int error;
};

/// virVcpuInfo, of libvirt-domain.h.
struct vk_virVcpuInfo {
    unsigned int number;
    int state;
    unsigned long long cpuTime;
    int cpu;
};

/// virDomainIOThreadInfo, of libvirt-domain.h.
struct vk_virDomainIOThreadInfo {
    unsigned int iothread_id;
    unsigned char *cpumap;
    int cpumaplen;
};

/// virStoragePoolInfo, of libvirt-storage.h.
struct vk_virStoragePoolInfo {
    int state;
    unsigned long long capacity;
    unsigned long long allocation;
    unsigned long long available;
};

/// virStorageVolInfo, of libvirt-storage.h.
struct vk_virStorageVolInfo {
    int type;
    unsigned long long capacity;
    unsigned long long allocation;
};

/// virNetworkDHCPLease, of libvirt-network.h.
struct vk_virNetworkDHCPLease {
    char *iface;
    long long expirytime;
    int type;
    char *mac;
    char *iaid;
    char *ipaddr;
    unsigned int prefix;
    char *hostname;
    char *clientid;
};

#endif
