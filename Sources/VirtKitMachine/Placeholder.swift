internal import VirtKitCore
