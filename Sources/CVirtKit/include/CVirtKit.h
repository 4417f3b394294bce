// C shims for VirtKit: what Swift can't express (atomics on guest memory, variadic or macro-only system interfaces).
#ifndef CVIRTKIT_H
#define CVIRTKIT_H

#include "CVirtKitAtomics.h"
#include "CVirtKitKVM.h"
#include "CVirtKitKVMX86.h"
#include "CVirtKitLibvirt.h"
#include "CVirtKitMemory.h"
#include "CVirtKitTerminal.h"
#include "CVirtKitThreads.h"
#include "CVirtKitXML.h"

#endif
