extension XML {
    /// An element: a value. Copies share their contents until one of them changes.
    public struct Element: Sendable, Hashable {
        var storage: Storage

        /// Makes an element.
        public init(_ name: Name, attributes: [Attribute] = [], children: [Node] = []) {
            storage = Storage(name: name, attributes: attributes, children: children)
        }

        /// Makes an element that contains a text.
        public init(_ name: Name, text: String) {
            self.init(name, children: text.isEmpty ? [] : [.text(text)])
        }

        /// The name. Its namespace's declaration is written where it is missing.
        public var name: Name {
            get { storage.name }
            set {
                makeUnique()
                storage.name = newValue
            }
        }

        /// The attributes and namespace declarations, in their order.
        public var attributes: [Attribute] {
            get { storage.attributes }
            _modify {
                makeUnique()
                yield &storage.attributes
            }
        }

        /// The contents, in their order.
        public var children: [Node] {
            get { storage.children }
            _modify {
                makeUnique()
                yield &storage.children
            }
        }

        /// The value of an attribute; nil where it is missing, and removes it.
        public subscript(attribute name: Name) -> String? {
            get { storage.attributes.first { $0.name.means(name) }?.value }
            set {
                let index = storage.attributes.firstIndex { $0.name.means(name) }
                switch (index, newValue) {
                case (let index?, let value?): attributes[index].value = value
                case (let index?, nil): attributes.remove(at: index)
                case (nil, let value?): attributes.append(Attribute(name, value))
                case (nil, nil): break
                }
            }
        }

        /// The text and CDATA within, those of elements within excepted. Setting it replaces them, and keeps comments,
        /// instructions and elements, with the white space around elements.
        public var text: String {
            get {
                // Most elements hold one text or none.
                if storage.children.count == 1, case .text(let text) = storage.children[0] { return text }
                var result = ""
                for child in storage.children {
                    switch child {
                    case .text(let text), .cdata(let text): result += text
                    default: break
                    }
                }
                return result
            }
            set {
                let keepsBlanks = holdsElements
                var position: Int?
                var kept: [Node] = []
                for child in storage.children {
                    switch child {
                    case .text where keepsBlanks && child.isBlank: kept.append(child)
                    case .text, .cdata: position = position ?? kept.count
                    default: kept.append(child)
                    }
                }
                if !newValue.isEmpty { kept.insert(.text(newValue), at: position ?? (keepsBlanks ? 0 : kept.count)) }
                children = kept
            }
        }

        /// Whether there are elements within.
        var holdsElements: Bool { storage.children.contains { if case .element = $0 { true } else { false } } }

        /// The elements within, one level deep.
        public var elements: [Element] { storage.children.compactMap(\.element) }

        /// The elements within that have a name, one level deep.
        public func elements(named name: Name) -> [Element] {
            storage.children.compactMap { child in
                guard case .element(let element) = child, element.storage.name.means(name) else { return nil }
                return element
            }
        }

        /// The first element within that has a name; nil where there is none. Setting it replaces that element, or adds
        /// one at the end; nil removes it.
        public subscript(name: Name) -> Element? {
            get {
                for case .element(let element) in storage.children where element.storage.name.means(name) {
                    return element
                }
                return nil
            }
            set {
                let index = storage.children.firstIndex { $0.element?.storage.name.means(name) ?? false }
                switch (index, newValue) {
                case (let index?, let element?): children[index] = .element(element)
                case (let index?, nil): removeChild(at: index)
                case (nil, let element?): insert(element, before: nil)
                case (nil, nil): break
                }
            }
        }

        /// Whether it has neither attributes nor contents.
        public var isEmpty: Bool { storage.attributes.isEmpty && storage.children.isEmpty }

        mutating func makeUnique() {
            if !isKnownUniquelyReferenced(&storage) { storage = storage.copy() }
        }

        /// Whether both have the same name, attributes, contents and order.
        public static func == (left: Element, right: Element) -> Bool {
            var waiting = [(left.storage, right.storage)]
            while let (left, right) = waiting.popLast() {
                if left === right { continue }
                guard left.name == right.name, left.attributes == right.attributes,
                    left.children.count == right.children.count
                else { return false }
                for (one, other) in zip(left.children, right.children) {
                    if case .element(let one) = one, case .element(let other) = other {
                        waiting.append((one.storage, other.storage))
                    } else if one.element != nil || other.element != nil || one != other {
                        return false
                    }
                }
            }
            return true
        }

        /// Hashes the name, the attributes and the number of contents.
        public func hash(into hasher: inout Hasher) {
            hasher.combine(storage.name)
            hasher.combine(storage.attributes)
            hasher.combine(storage.children.count)
        }
    }

    // SAFETY: `@unchecked Sendable` holds because only `Element` refers to a storage, and changes one only after
    // `makeUnique`, when nobody else refers to it.
    final class Storage: @unchecked Sendable {
        var name: Name
        var attributes: [Attribute]
        var children: [Node]

        init(name: Name, attributes: [Attribute], children: [Node]) {
            self.name = name
            self.attributes = attributes
            self.children = children
        }

        func copy() -> Storage { Storage(name: name, attributes: attributes, children: children) }

        // Without this, letting a deep tree go would call itself once for each level, and overflow the stack.
        deinit {
            var waiting: [Storage] = []
            Storage.take(&children, into: &waiting)
            while var next = waiting.popLast() {
                if isKnownUniquelyReferenced(&next) { Storage.take(&next.children, into: &waiting) }
            }
        }

        private static func take(_ children: inout [Node], into waiting: inout [Storage]) {
            for case .element(let element) in children where !element.storage.children.isEmpty {
                waiting.append(element.storage)
            }
            children = []
        }
    }
}

// MARK: Where new elements go

extension XML.Element {
    /// Inserts an element before the child at an index, or after the last one, with the white space that the children
    /// here have before them.
    mutating func insert(_ element: XML.Element, before index: Int?) {
        if let index {
            // The white space before the child at `index` now stands before the new one, and a copy of it behind.
            children.insert(.element(element), at: index)
            if index > 0, storage.children[index - 1].isBlank {
                children.insert(storage.children[index - 1], at: index + 1)
            }
        } else {
            let blank = indentation
            var end = storage.children.count
            if let last = storage.children.last, last.isBlank { end -= 1 }
            children.insert(.element(element), at: end)
            if let blank { children.insert(.text(blank), at: end) }
        }
    }

    /// Removes a child and the white space before it.
    mutating func removeChild(at index: Int) {
        children.remove(at: index)
        guard index > 0, storage.children[index - 1].isBlank else { return }
        children.remove(at: index - 1)
        if storage.children.count == 1, storage.children[0].isBlank { children = [] }
    }

    /// The white space before the first element within, where the document is written in lines.
    private var indentation: String? {
        guard let first = storage.children.first, first.isBlank, case .text(let text) = first,
            storage.children.count > 1
        else { return nil }
        return text
    }
}
