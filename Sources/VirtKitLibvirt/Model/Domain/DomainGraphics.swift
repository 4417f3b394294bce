public import VirtKitCore

/// A way to see the screen: `graphics/@type`.
public struct DomainGraphicsType: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// `vnc`.
    public static let vnc = Self("vnc")
    /// `spice`.
    public static let spice = Self("spice")
    /// `rdp`.
    public static let rdp = Self("rdp")
    /// A window on the host (`sdl`)
    public static let sdl = Self("sdl")
    /// A window on the host (`desktop`)
    public static let desktop = Self("desktop")
    /// Rendering by the host's GPU without a display (`egl-headless`)
    public static let eglHeadless = Self("egl-headless")
    /// `dbus`.
    public static let dbus = Self("dbus")
}

/// A way to see a guest's screen: `devices/graphics`.
public typealias DomainGraphics = XML.View<DomainGraphicsSchema>

/// The properties of `DomainGraphics`.
public struct DomainGraphicsSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("graphics", Self())

    /// Which. (`@type`)
    public let type = XML.Field<DomainGraphicsType>("@type")
    /// The port; -1 for one that libvirt chooses. (`@port`)
    public let port = XML.Field<Int>("@port")
    /// The port for encrypted connections. (SPICE) (`@tlsPort`)
    public let tlsPort = XML.Field<Int>("@tlsPort")
    /// Whether libvirt chooses the ports. (`@autoport`)
    public let autoPort = XML.Field<Bool>("@autoport")
    /// The port for web sockets; -1 for one that libvirt chooses. (VNC) (`@websocket`)
    public let webSocket = XML.Field<Int>("@websocket")
    /// The first address to listen at. (The older place of `listens`) (`@listen`)
    public let listenAddress = XML.Field<String>("@listen")
    /// The path of a socket to listen at. (`@socket`)
    public let socket = XML.Field<String>("@socket")
    /// The keyboard's layout. (`@keymap`)
    public let keymap = XML.Field<String>("@keymap")
    /// The password. Kept from descriptions unless they are asked for it. (`@passwd`)
    public let password = XML.Field<String>("@passwd")
    /// Until when it is valid, in UTC: 2030-01-31T12:00:00. (`@passwdValidTo`)
    public let passwordValidTo = XML.Field<String>("@passwdValidTo")
    /// What becomes of clients when the password changes: fail, disconnect or keep. (`@connected`)
    public let connected = XML.Field<String>("@connected")
    /// How clients share: allow-exclusive, force-shared or ignore. (`@sharePolicy`)
    public let sharePolicy = XML.Field<String>("@sharePolicy")
    /// Whether clients may switch the machine off. (VNC) (`@powerControl`)
    public let powerControl = XML.Field<Bool>("@powerControl")
    /// Which SPICE channels are encrypted: secure, insecure or any. (`@defaultMode`)
    public let defaultMode = XML.Field<String>("@defaultMode")
    /// The X display. (sdl, desktop) (`@display`)
    public let display = XML.Field<String>("@display")
    /// The X authority file. (sdl) (`@xauth`)
    public let xAuthority = XML.Field<String>("@xauth")
    /// Whether the window fills the screen. (sdl, desktop) (`@fullscreen`)
    public let fullScreen = XML.Field<Bool>("@fullscreen")
    /// Whether several clients may connect. (rdp) (`@multiUser`)
    public let multipleConnections = XML.Field<Bool>("@multiUser")
    /// Whether a new client replaces the old. (rdp) (`@replaceUser`)
    public let replaceUser = XML.Field<Bool>("@replaceUser")
    /// Whether clients connect to QEMU itself. (dbus) (`@p2p`)
    public let peerToPeer = XML.Field<Bool>("@p2p")
    /// The bus's address. (dbus) (`@address`)
    public let busAddress = XML.Field<String>("@address")
    /// Where it listens. (`listen`)
    public let listens = XML.List<GraphicsListenSchema>("listen")
    /// How SPICE's channels are encrypted. (`channel`)
    public let channels = XML.List<GraphicsChannelSchema>("channel")
    /// Whether OpenGL is used. (`gl/@enable`)
    public let gl = XML.Field<Bool>("gl/@enable")
    /// The host's render node. (`gl/@rendernode`)
    public let renderNode = XML.Field<String>("gl/@rendernode")
    /// server or client. (SPICE) (`mouse/@mode`)
    public let mouseMode = XML.Field<String>("mouse/@mode")
    /// auto_glz, auto_lz, quic, glz, lz or off. (SPICE) (`image/@compression`)
    public let imageCompression = XML.Field<String>("image/@compression")
    /// auto, never or always. (SPICE) (`jpeg/@compression`)
    public let jpegCompression = XML.Field<String>("jpeg/@compression")
    /// auto, never or always. (SPICE) (`zlib/@compression`)
    public let zlibCompression = XML.Field<String>("zlib/@compression")
    /// Whether sound is compressed. (SPICE) (`playback/@compression`)
    public let playbackCompression = XML.Field<Bool>.onOff("playback/@compression")
    /// filter, all or off. (SPICE) (`streaming/@mode`)
    public let streamingMode = XML.Field<String>("streaming/@mode")
    /// Whether the clipboard is shared. (SPICE, dbus) (`clipboard/@copypaste`)
    public let clipboard = XML.Field<Bool>("clipboard/@copypaste")
    /// Whether files can be dropped. (SPICE) (`filetransfer/@enable`)
    public let fileTransfer = XML.Field<Bool>("filetransfer/@enable")
    /// The number of the audio device that it uses. (VNC, dbus) (`audio/@id`)
    public let audioID = XML.Field<Int>("audio/@id")
}

/// Where graphics listens: `graphics/listen`.
public typealias GraphicsListen = XML.View<GraphicsListenSchema>

/// The properties of `GraphicsListen`.
public struct GraphicsListenSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("listen", Self())

    /// address, network, socket or none. (`@type`)
    public let type = XML.Field<String>("@type")
    /// The address. (`@address`)
    public let address = XML.Field<String>("@address")
    /// libvirt's network whose address it is. (`@network`)
    public let network = XML.Field<String>("@network")
    /// The socket's path. (`@socket`)
    public let socket = XML.Field<String>("@socket")
}

/// How one of SPICE's channels is encrypted: `graphics/channel`.
public typealias GraphicsChannel = XML.View<GraphicsChannelSchema>

/// The properties of `GraphicsChannel`.
public struct GraphicsChannelSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("channel", Self())

    /// main, display, inputs, cursor, playback, record, smartcard or usbredir. (`@name`)
    public let name = XML.Field<String>("@name")
    /// secure, insecure or any. (`@mode`)
    public let mode = XML.Field<String>("@mode")
}

/// A graphics card: `video/model/@type`.
public struct DomainVideoModel: XML.Token {
    /// libvirt's word.
    public let rawValue: String
    /// Makes it from libvirt's word.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// `vga`.
    public static let vga = Self("vga")
    /// `cirrus`.
    public static let cirrus = Self("cirrus")
    /// `vmvga`.
    public static let vmvga = Self("vmvga")
    /// `xen`.
    public static let xen = Self("xen")
    /// `vbox`.
    public static let vbox = Self("vbox")
    /// `virtio`.
    public static let virtio = Self("virtio")
    /// `qxl`.
    public static let qxl = Self("qxl")
    /// A UEFI framebuffer (`gop`)
    public static let gop = Self("gop")
    /// No card (`none`)
    public static let none = Self("none")
    /// `bochs`.
    public static let bochs = Self("bochs")
    /// A framebuffer in memory (`ramfb`)
    public static let ramfb = Self("ramfb")
    /// `vmwareSVGA`.
    public static let vmwareSVGA = Self("vmwareSVGA")
}

/// A graphics card: `devices/video`.
public typealias DomainVideo = XML.View<DomainVideoSchema>

/// The properties of `DomainVideo`.
public struct DomainVideoSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("video", Self())

    /// Which. (`model/@type`)
    public let model = XML.Field<DomainVideoModel>("model/@type")
    /// The primary memory bar, in KiB. (qxl) (`model/@ram`)
    public let ram = XML.Field<ByteCount>.bytes("model/@ram", unit: 1024)
    /// The video memory, in KiB. (`model/@vram`)
    public let vram = XML.Field<ByteCount>.bytes("model/@vram", unit: 1024)
    /// The secondary 64-bit memory bar, in KiB. (qxl) (`model/@vram64`)
    public let vram64 = XML.Field<ByteCount>.bytes("model/@vram64", unit: 1024)
    /// The VGA framebuffer, in KiB. (qxl) (`model/@vgamem`)
    public let vgaMemory = XML.Field<ByteCount>.bytes("model/@vgamem", unit: 1024)
    /// The number of screens. (`model/@heads`)
    public let heads = XML.Field<Int>("model/@heads")
    /// Whether it is the first card. (`model/@primary`)
    public let primary = XML.Field<Bool>("model/@primary")
    /// Whether blob resources are used. (virtio) (`model/@blob`)
    public let blob = XML.Field<Bool>.onOff("model/@blob")
    /// Whether screens describe themselves. (`model/@edid`)
    public let edid = XML.Field<Bool>.onOff("model/@edid")
    /// Whether the host's GPU renders 3D. (virtio) (`model/acceleration/@accel3d`)
    public let accelerate3D = XML.Field<Bool>("model/acceleration/@accel3d")
    /// Whether the host's GPU renders 2D. (vbox) (`model/acceleration/@accel2d`)
    public let accelerate2D = XML.Field<Bool>("model/acceleration/@accel2d")
    /// The host's render node. (vhost-user) (`model/acceleration/@rendernode`)
    public let renderNode = XML.Field<String>("model/acceleration/@rendernode")
    /// The preferred width in pixels. (`model/resolution/@x`)
    public let width = XML.Field<Int>("model/resolution/@x")
    /// The preferred height in pixels. (`model/resolution/@y`)
    public let height = XML.Field<Int>("model/resolution/@y")
    /// Who serves it: qemu or vhostuser. (`driver/@name`)
    public let driver = XML.Field<String>("driver/@name")
    /// io, on or off. (bhyve) (`driver/@vgaconf`)
    public let vgaConfiguration = XML.Field<String>("driver/@vgaconf")
    /// Whether its accesses go through the guest's IOMMU. (`driver/@iommu`)
    public let iommu = XML.Field<Bool>.onOff("driver/@iommu")
    /// Whether it caches translations. (`driver/@ats`)
    public let ats = XML.Field<Bool>.onOff("driver/@ats")
    /// Whether virtqueues are packed. (`driver/@packed`)
    public let packed = XML.Field<Bool>.onOff("driver/@packed")
    /// Whether each queue's notifications have a page of their own. (`driver/@page_per_vq`)
    public let pagePerQueue = XML.Field<Bool>.onOff("driver/@page_per_vq")
    /// The index by which guests name it. (`acpi/@index`)
    public let acpiIndex = XML.Field<Int>("acpi/@index")
    /// The device's name in the hypervisor. (`alias/@name`)
    public let alias = XML.Field<String>("alias/@name")
    /// Where the guest finds it. (`address`)
    public let address = XML.Part<DeviceAddressSchema>("address")
}
