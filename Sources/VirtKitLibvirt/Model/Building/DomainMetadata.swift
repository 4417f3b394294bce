extension XML.View<DomainMetadataSchema> {
    /// A program's own element, known by its namespace's name. Setting it replaces it; nil removes it.
    ///
    /// ```swift
    /// var note = XML.Element(XML.Name("note", in: .init(prefix: "app", uri: "https://example.org/app")))
    /// note[attribute: "owner"] = "me"
    /// domain.metadata[namespace: "https://example.org/app"] = note
    /// ```
    public subscript(namespace uri: String) -> XML.Element? {
        get { element.elements.first { $0.name.namespace?.uri == uri } }
        set {
            let index = element.children.firstIndex { $0.element?.name.namespace?.uri == uri }
            switch (index, newValue) {
            case (let index?, let value?): element.children[index] = .element(value)
            case (let index?, nil): element.removeChild(at: index)
            case (nil, let value?): element.insert(value, before: nil)
            case (nil, nil): break
            }
        }
    }
}
