/// A weak reference that may be captured by concurrent code.
///
/// SAFETY: weak references are read atomically, and this one is written only when it is made.
struct WeakReference<Object: AnyObject & Sendable>: @unchecked Sendable {
    private(set) weak var object: Object?
    init(_ object: Object) { self.object = object }
}
