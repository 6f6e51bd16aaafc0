@main
struct Dev {
    static func main() {}
}
