@main
struct MLStore {
    static func main() {}
}
