// The plug-in for Parquet and Arrow files: Arrow C++ behind a handful of C functions. Nothing that a
// file holds may end the process: every entry catches, memory has a limit, and batches are checked
// before they are handed out.
#include "mlstore_arrow.h"

#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/io/interfaces.h>
#include <arrow/ipc/reader.h>
#include <arrow/util/config.h>
#include <arrow/util/future.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace {

/// How many rows are decoded together.
constexpr int64_t kBatchRows = 8 << 10;
/// More rows in one batch of an Arrow file are taken for a lie: no memory would hold them as rows.
constexpr int64_t kMaximumBatchRows = int64_t{1} << 30;
/// What is read of a column chunk at once.
constexpr int64_t kBufferBytes = 1 << 20;

/// The program's source as a file of Arrow's.
class SourceFile final : public arrow::io::RandomAccessFile {
   public:
    SourceFile(const mlstore_arrow_source &source, arrow::MemoryPool *pool)
        : source_(source), pool_(pool) {}

    arrow::Status Close() override {
        closed_ = true;
        return arrow::Status::OK();
    }
    bool closed() const override { return closed_; }
    arrow::Result<int64_t> Tell() const override { return position_; }
    arrow::Result<int64_t> GetSize() override { return source_.size; }

    arrow::Status Seek(int64_t position) override {
        if (position < 0 || position > source_.size)
            return arrow::Status::IOError("a place outside the file");
        position_ = position;
        return arrow::Status::OK();
    }

    arrow::Result<int64_t> ReadAt(int64_t position, int64_t count, void *out) override {
        if (position < 0 || count < 0 || position > source_.size)
            return arrow::Status::IOError("a place outside the file");
        const int64_t length = std::min(count, source_.size - position);
        if (length > 0 && !source_.read(source_.context, position, length, out))
            return arrow::Status::IOError("the bytes could not be read");
        return length;
    }

    arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t count) override {
        if (position < 0 || count < 0 || position > source_.size)
            return arrow::Status::IOError("a place outside the file");
        const int64_t length = std::min(count, source_.size - position);
        ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(length, pool_));
        ARROW_RETURN_NOT_OK(ReadAt(position, length, buffer->mutable_data()).status());
        return std::shared_ptr<arrow::Buffer>(std::move(buffer));
    }

    arrow::Result<int64_t> Read(int64_t count, void *out) override {
        ARROW_ASSIGN_OR_RAISE(const int64_t length, ReadAt(position_, count, out));
        position_ += length;
        return length;
    }

    arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t count) override {
        ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, count));
        position_ += buffer->size();
        return buffer;
    }

    // At once and on this thread: Arrow would ask threads of its own, which the program's source and the
    // limit of memory do not outlive for certain.
    arrow::Future<std::shared_ptr<arrow::Buffer>> ReadAsync(
        const arrow::io::IOContext &, int64_t position, int64_t count) override {
        return arrow::Future<std::shared_ptr<arrow::Buffer>>::MakeFinished(
            ReadAt(position, count));
    }

#if ARROW_VERSION_MAJOR >= 26
    arrow::Future<std::shared_ptr<arrow::Buffer>> ReadAsync(
        const arrow::io::IOContext &, int64_t position, int64_t count, bool isShortOK) override {
        auto buffer = ReadAt(position, count);
        if (buffer.ok() && !isShortOK && (*buffer)->size() < count)
            buffer = arrow::Status::IOError("the file ends too early");
        return arrow::Future<std::shared_ptr<arrow::Buffer>>::MakeFinished(std::move(buffer));
    }
#endif

   private:
    mlstore_arrow_source source_;
    arrow::MemoryPool *pool_;
    int64_t position_ = 0;
    bool closed_ = false;
};

/// Hands batches on once they were checked in full; what is thrown becomes a failure.
class CheckedReader final : public arrow::RecordBatchReader {
   public:
    explicit CheckedReader(std::shared_ptr<arrow::RecordBatchReader> inner)
        : inner_(std::move(inner)) {}

    std::shared_ptr<arrow::Schema> schema() const override { return inner_->schema(); }

    arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch> *batch) override {
        try {
            ARROW_RETURN_NOT_OK(inner_->ReadNext(batch));
            if (!*batch) return arrow::Status::OK();
            if ((*batch)->num_rows() > kMaximumBatchRows)
                return arrow::Status::Invalid("a batch claims more than 2^30 rows");
            return (*batch)->ValidateFull();
        } catch (const std::exception &failure) {
            return arrow::Status::Invalid(failure.what());
        }
    }

   private:
    std::shared_ptr<arrow::RecordBatchReader> inner_;
};

/// The batches of an Arrow file, one after the other.
class FileBatches final : public arrow::RecordBatchReader {
   public:
    explicit FileBatches(std::shared_ptr<arrow::ipc::RecordBatchFileReader> file)
        : file_(std::move(file)) {}

    std::shared_ptr<arrow::Schema> schema() const override { return file_->schema(); }

    arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch> *batch) override {
        batch->reset();
        if (next_ >= file_->num_record_batches()) return arrow::Status::OK();
        return file_->ReadRecordBatch(next_++).Value(batch);
    }

   private:
    std::shared_ptr<arrow::ipc::RecordBatchFileReader> file_;
    int next_ = 0;
};

void tell(char *error, size_t bytes, const std::string &text) {
    if (bytes == 0) return;
    const size_t length = std::min(bytes - 1, text.size());
    std::memcpy(error, text.data(), length);
    error[length] = 0;
}

}  // namespace

struct mlstore_arrow_file {
    explicit mlstore_arrow_file(int64_t memory_bytes)
        : pool(arrow::default_memory_pool(), memory_bytes) {}

    // Destroyed last: everything below holds memory of it.
    arrow::CappedMemoryPool pool;
    std::shared_ptr<SourceFile> source;
    std::unique_ptr<parquet::arrow::FileReader> parquet;
    std::shared_ptr<parquet::FileMetaData> metadata;
    arrow::ipc::IpcReadOptions options;
    bool has_footer = false;

    arrow::Status OpenParquet() {
        parquet::ReaderProperties properties(&pool);
        // Pages, not whole column chunks, are held.
        properties.enable_buffered_stream();
        properties.set_buffer_size(kBufferBytes);
        parquet::ArrowReaderProperties arrow_properties(false);
        arrow_properties.set_pre_buffer(false);
        arrow_properties.set_batch_size(kBatchRows);
        parquet::arrow::FileReaderBuilder builder;
        ARROW_RETURN_NOT_OK(builder.Open(source, properties));
        builder.memory_pool(&pool);
        builder.properties(arrow_properties);
        ARROW_RETURN_NOT_OK(builder.Build(&parquet));
        metadata = parquet->parquet_reader()->metadata();
        return arrow::Status::OK();
    }

    arrow::Status OpenArrow() {
        options = arrow::ipc::IpcReadOptions::Defaults();
        options.memory_pool = &pool;
        options.use_threads = false;
        options.max_recursion_depth = 64;
        char magic[6] = {};
        if (source->GetSize().ValueOr(0) >= 8)
            ARROW_RETURN_NOT_OK(source->ReadAt(0, sizeof magic, magic).status());
        if (std::memcmp(magic, "FEA1", 4) == 0)
            return arrow::Status::NotImplemented(
                "Feather version 1, which 'pyarrow.feather' can write as version 2");
        has_footer = std::memcmp(magic, "ARROW1", 6) == 0;
        return Batches().status();
    }

    arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Batches() {
        if (!has_footer) {
            ARROW_RETURN_NOT_OK(source->Seek(0));
            ARROW_ASSIGN_OR_RAISE(
                auto stream,
                arrow::ipc::RecordBatchStreamReader::Open(
                    std::static_pointer_cast<arrow::io::InputStream>(source), options));
            return std::shared_ptr<arrow::RecordBatchReader>(std::move(stream));
        }
        ARROW_ASSIGN_OR_RAISE(
            auto file,
            arrow::ipc::RecordBatchFileReader::Open(
                std::static_pointer_cast<arrow::io::RandomAccessFile>(source), options));
        return std::shared_ptr<arrow::RecordBatchReader>(
            std::make_shared<FileBatches>(std::move(file)));
    }

    arrow::Status Scan(const int *groups, int group_count, ArrowArrayStream *out) {
        std::shared_ptr<arrow::RecordBatchReader> batches;
        if (!parquet) {
            ARROW_ASSIGN_OR_RAISE(batches, Batches());
        } else if (group_count >= 0) {
            ARROW_ASSIGN_OR_RAISE(
                batches, parquet->GetRecordBatchReader(
                             std::vector<int>(groups, groups + group_count)));
        } else {
            ARROW_ASSIGN_OR_RAISE(batches, parquet->GetRecordBatchReader());
        }
        return arrow::ExportRecordBatchReader(
            std::make_shared<CheckedReader>(std::move(batches)), out);
    }
};

extern "C" {

int mlstore_arrow_abi(void) { return MLSTORE_ARROW_ABI; }

const char *mlstore_arrow_version(void) { return ARROW_VERSION_STRING; }

mlstore_arrow_file *mlstore_arrow_open(
    const mlstore_arrow_source *source, int is_parquet, int64_t memory_bytes, char *error,
    size_t error_bytes) {
    try {
        auto file = std::make_unique<mlstore_arrow_file>(memory_bytes);
        file->source = std::make_shared<SourceFile>(*source, &file->pool);
        const auto status = is_parquet ? file->OpenParquet() : file->OpenArrow();
        if (status.ok()) return file.release();
        tell(error, error_bytes, status.message());
    } catch (const std::exception &failure) {
        tell(error, error_bytes, failure.what());
    }
    return nullptr;
}

int64_t mlstore_arrow_rows(const mlstore_arrow_file *file) {
    return file->metadata ? file->metadata->num_rows() : -1;
}

int mlstore_arrow_groups(const mlstore_arrow_file *file) {
    return file->metadata ? file->metadata->num_row_groups() : -1;
}

int mlstore_arrow_group(
    const mlstore_arrow_file *file, int index, int64_t *rows, int64_t *start, int64_t *end,
    uint64_t *layout) {
    try {
        if (!file->metadata) return 0;
        const auto group = file->metadata->RowGroup(index);
        *rows = group->num_rows();
        *start = INT64_MAX;
        *end = 0;
        *layout = 0xcbf29ce484222325;
        const auto mix = [layout](int64_t number) {
            for (int byte = 0; byte < 8; byte++)
                *layout = (*layout ^ (uint64_t(number) >> 8 * byte & 255)) * 0x100000001b3;
        };
        std::vector<int64_t> places;
        for (int column = 0; column < group->num_columns(); column++) {
            const auto chunk = group->ColumnChunk(column);
            int64_t first = chunk->data_page_offset();
            if (chunk->has_dictionary_page() && chunk->dictionary_page_offset() > 0)
                first = std::min(first, chunk->dictionary_page_offset());
            const int64_t bytes = chunk->total_compressed_size();
            if (first < 0 || bytes < 0 || bytes > INT64_MAX - first) return 0;
            *start = std::min(*start, first);
            *end = std::max(*end, first + bytes);
            places.insert(places.end(), {first, chunk->data_page_offset()});
            for (const int64_t number :
                 {bytes, int64_t(chunk->type()), int64_t(chunk->compression()),
                  chunk->num_values(), int64_t(chunk->has_dictionary_page())})
                mix(number);
        }
        for (const int64_t place : places) mix(place - *start);
        return *rows >= 0 && *start <= *end;
    } catch (const std::exception &) {
        return 0;
    }
}

int mlstore_arrow_scan(
    mlstore_arrow_file *file, const int *groups, int group_count, struct ArrowArrayStream *out,
    char *error, size_t error_bytes) {
    try {
        const auto status = file->Scan(groups, group_count, out);
        if (status.ok()) return 1;
        tell(error, error_bytes, status.message());
    } catch (const std::exception &failure) {
        tell(error, error_bytes, failure.what());
    }
    return 0;
}

void mlstore_arrow_close(mlstore_arrow_file *file) { delete file; }

}  // extern "C"
