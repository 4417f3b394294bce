public import VirtKitCore

extension XML {
    /// An element, seen through the properties of a schema. Reading a property looks into the tree, and setting one changes
    /// it in place; what the schema does not know stays as it is.
    ///
    /// A property that is missing, or has a form that libvirt would not accept, reads as nil. A value that XML can't hold
    /// is refused when the document is written.
    @dynamicMemberLookup
    public struct View<Schema: XML.Schema>: Hashable, Sendable {
        /// The element.
        public var element: Element
        /// What stood around it in its document.
        private var surroundings: Surroundings?

        private struct Surroundings: Hashable, Sendable {
            var declaration: Declaration?
            var prologue: [Node]
            var epilogue: [Node]
        }

        /// A new element, without properties.
        public init() { element = Element(Schema.prototype.name) }

        /// A view of an element.
        public init(element: Element) { self.element = element }

        /// Reads a document.
        ///
        /// - Throws: `VirtKitError` with the code `.invalidXML` where the text is not a well-formed document of this kind
        ///   or exceeds the limits; with `.unsupported` where libxml2 is not installed.
        public init(parsing text: String, limits: Limits = Limits()) throws(VirtKitError) {
            try self.init(Document(text, limits: limits))
        }

        /// A view of a document's element; what stands around it is kept.
        ///
        /// - Throws: `VirtKitError` with the code `.invalidXML` where the document is of another kind.
        public init(_ document: Document) throws(VirtKitError) {
            let name = Schema.prototype.name
            guard document.root.name.means(name) else {
                throw XML.error("the document is a <\(document.root.name)>, and not a <\(name)>")
            }
            element = document.root
            if document.declaration != nil || !document.prologue.isEmpty || !document.epilogue.isEmpty {
                surroundings = Surroundings(
                    declaration: document.declaration, prologue: document.prologue, epilogue: document.epilogue)
            }
        }

        /// The document that consists of the element and what stood around it.
        public var document: Document {
            var document = Document(root: element)
            document.declaration = surroundings?.declaration
            document.prologue = surroundings?.prologue ?? []
            document.epilogue = surroundings?.epilogue ?? []
            return document
        }

        /// The document as text; see `XML.Document.xmlString(indented:)`.
        ///
        /// - Throws: `VirtKitError` with the code `.invalidXML` where a value can't be written in XML.
        public func xmlString(indented: Bool = false) throws(VirtKitError) -> String {
            try document.xmlString(indented: indented)
        }

        private static var order: [String] { Schema.prototype.order }

        // MARK: Properties

        /// An attribute or an element's text. Nil removes it.
        public subscript<Value>(dynamicMember property: KeyPath<Schema, Field<Value>>) -> Value? {
            get {
                let field = Schema.prototype.schema[keyPath: property]
                return element.read(field.path).flatMap(field.read)
            }
            set {
                let field = Schema.prototype.schema[keyPath: property]
                element.write(
                    field.path, newValue.map(field.write), order: Self.order, flags: Schema.prototype.flags)
            }
        }

        /// Whether an element is there.
        public subscript(dynamicMember property: KeyPath<Schema, Flag>) -> Bool {
            get { element.find(Schema.prototype.schema[keyPath: property].path.steps) != nil }
            set {
                let steps = Schema.prototype.schema[keyPath: property].path.steps
                if newValue {
                    element.update(steps[...], create: true, order: Self.order) { _ in }
                } else if let last = steps.last {
                    element.update(steps.dropLast(), create: false, order: Self.order) { parent in
                        if let index = parent.index(of: last) { parent.removeChild(at: index) }
                    }
                }
            }
        }

        /// An amount of bytes. Nil removes it.
        public subscript(dynamicMember property: KeyPath<Schema, Size>) -> ByteCount? {
            get { Schema.prototype.schema[keyPath: property].read(from: element) }
            set { Schema.prototype.schema[keyPath: property].write(newValue, to: &element, order: Self.order) }
        }

        /// The values of all elements of a name; those that are none are left out.
        public subscript<Value>(dynamicMember property: KeyPath<Schema, Values<Value>>) -> [Value] {
            get {
                let path = Schema.prototype.schema[keyPath: property].path
                guard let last = path.steps.last, let parent = element.find(path.steps.dropLast()) else { return [] }
                return parent.elements.filter(last.matches).compactMap { child in
                    (path.attribute.map { child[attribute: $0] } ?? child.text).flatMap { Value(xml: $0) }
                }
            }
            set {
                let path = Schema.prototype.schema[keyPath: property].path
                guard let last = path.steps.last else { return }
                let parents = path.steps.dropLast()
                let order = parents.isEmpty ? Self.order : []
                element.update(parents[...], create: !newValue.isEmpty, order: Self.order) { parent in
                    var taken = parent.takeAll(last)
                    while taken.elements.count > newValue.count { taken.elements.removeLast() }
                    for (index, value) in newValue.enumerated() {
                        if index == taken.elements.count { taken.elements.append(Element(last.name)) }
                        if let attribute = path.attribute {
                            taken.elements[index][attribute: attribute] = value.xml
                        } else {
                            taken.elements[index].text = value.xml
                        }
                    }
                    parent.putAll(taken, last, order: order)
                }
            }
        }

        /// An element that is there or not. Nil removes it.
        public subscript<Child>(dynamicMember property: KeyPath<Schema, Part<Child>>) -> View<Child>? {
            get { element.find(Schema.prototype.schema[keyPath: property].path.steps).map(View<Child>.init(element:)) }
            _modify {
                let step = Schema.prototype.schema[keyPath: property].path.last
                var parent = element.descend(Schema.prototype.schema[keyPath: property].path)
                let index = parent.element.index(of: step)
                var view = index.map { View<Child>(element: parent.element.take(at: $0)) }
                defer {
                    parent.element.put(view?.element, at: index, step, order: parent.isRoot ? Self.order : [])
                    element.ascend(parent, order: Self.order)
                }
                yield &view
            }
        }

        /// An element that is made when one of its properties is set, and goes with the last of them.
        public subscript<Child>(dynamicMember property: KeyPath<Schema, Group<Child>>) -> View<Child> {
            get {
                element.find(Schema.prototype.schema[keyPath: property].path.steps).map(View<Child>.init(element:))
                    ?? View<Child>()
            }
            _modify {
                let step = Schema.prototype.schema[keyPath: property].path.last
                var parent = element.descend(Schema.prototype.schema[keyPath: property].path)
                let index = parent.element.index(of: step)
                var view = index.map { View<Child>(element: parent.element.take(at: $0)) } ?? View<Child>()
                let keepsEmpty = index != nil && view.element.isEmpty
                defer {
                    let gone = view.element.isEmpty && !keepsEmpty
                    parent.element.put(
                        gone ? nil : view.element, at: index, step, order: parent.isRoot ? Self.order : [])
                    element.ascend(parent, order: Self.order)
                }
                yield &view
            }
        }

        /// All elements of a name, in their order. Those that stay in the list stay in their places.
        public subscript<Child>(dynamicMember property: KeyPath<Schema, List<Child>>) -> [View<Child>] {
            get {
                let path = Schema.prototype.schema[keyPath: property].path
                guard let parent = element.find(path.steps.dropLast()) else { return [] }
                return parent.elements.filter(path.last.matches).map(View<Child>.init(element:))
            }
            _modify {
                let step = Schema.prototype.schema[keyPath: property].path.last
                var parent = element.descend(Schema.prototype.schema[keyPath: property].path)
                var taken = parent.element.takeAll(step)
                var views = taken.elements.map(View<Child>.init(element:))
                taken.elements = []
                defer {
                    taken.elements = views.map(\.element)
                    views = []
                    parent.element.putAll(taken, step, order: parent.isRoot ? Self.order : [])
                    element.ascend(parent, order: Self.order)
                }
                yield &views
            }
        }
    }
}

extension XML.Element {
    /// The element that holds what a path names, taken out of the element at its beginning with all between.
    struct Descent {
        /// The element that holds it.
        var element: XML.Element
        /// Those above it that were taken out, the outermost first; each with the place of the next in it, if it had
        /// one, and whether that was empty.
        var above: [(element: XML.Element, index: Int?, wasEmpty: Bool)] = []
        let steps: ArraySlice<XML.Path.Step>

        var isRoot: Bool { steps.isEmpty }
    }

    mutating func descend(_ path: XML.Path) -> Descent {
        var descent = Descent(element: self, steps: path.steps.dropLast())
        self = XML.Element.placeholder
        for step in descent.steps {
            let index = descent.element.index(of: step)
            let next = index.map { descent.element.take(at: $0) } ?? XML.Element(step.name)
            descent.above.append((descent.element, index, next.isEmpty))
            descent.element = next
        }
        return descent
    }

    mutating func ascend(_ descent: Descent, order: [String]) {
        var descent = descent
        var steps = descent.steps
        while let (above, index, wasEmpty) = descent.above.popLast(), let step = steps.popLast() {
            var parent = above
            let element = descent.element
            descent.element = XML.Element.placeholder
            parent.put(
                element.isEmpty && (index == nil || !wasEmpty) ? nil : element, at: index, step,
                order: steps.isEmpty ? order : [])
            descent.element = parent
        }
        self = descent.element
    }

    static let placeholder = XML.Element("none")

    /// Elements that were taken out to be changed.
    struct Taken {
        var elements: [XML.Element]
        /// Where they were, and who.
        let places: [(index: Int, identity: ObjectIdentifier)]
    }

    mutating func put(_ element: XML.Element?, at index: Int?, _ step: XML.Path.Step, order: [String]) {
        guard var element else {
            if let index { removeChild(at: index) }
            return
        }
        element.satisfy(step)
        if let index {
            children[index] = .element(element)
        } else {
            insert(element, order: order)
        }
    }

    mutating func takeAll(_ step: XML.Path.Step) -> Taken {
        var taken: [XML.Element] = []
        var places: [(index: Int, identity: ObjectIdentifier)] = []
        for index in storage.children.indices {
            guard case .element(let element) = storage.children[index], step.matches(element) else { continue }
            places.append((index, ObjectIdentifier(element.storage)))
            taken.append(element)
        }
        for place in places { children[place.index] = .text("") }
        return Taken(elements: taken, places: places)
    }

    mutating func putAll(_ taken: Taken, _ step: XML.Path.Step, order: [String]) {
        var elements = taken.elements
        for index in elements.indices { elements[index].satisfy(step) }
        var rest = elements[...]
        var removed: [Int] = []
        for (number, place) in taken.places.enumerated() {
            // As many places as elements are left: each takes one. Otherwise only those that were here before.
            let enough = taken.places.count - number <= rest.count
            if let next = rest.first, enough || ObjectIdentifier(next.storage) == place.identity {
                children[place.index] = .element(rest.removeFirst())
            } else {
                removed.append(place.index)
            }
        }
        for index in removed.reversed() { removeChild(at: index) }
        for element in rest { insert(element, order: order) }
    }
}
