//! What is said of messages whose content is not words, by language. Who adds a language adds a row.

/// The texts of one language.
pub(crate) struct Texts {
    /// Its tag, or the beginning of its tags.
    tag: &'static str,
    /// Of any message.
    pub(crate) message: &'static str,
    /// Before a message that mentions the user.
    pub(crate) mention: &'static str,
    pub(crate) image: &'static str,
    pub(crate) sticker: &'static str,
    pub(crate) voice: &'static str,
    pub(crate) video: &'static str,
    pub(crate) file: &'static str,
    pub(crate) location: &'static str,
    pub(crate) card: &'static str,
    /// Several messages in one.
    pub(crate) history: &'static str,
}

macro_rules! texts {
    ($($tag:literal: $message:literal, $mention:literal, $image:literal, $sticker:literal, $voice:literal, $video:literal,
        $file:literal, $location:literal, $card:literal, $history:literal;)+) => {
        /// English first: it is the answer where a language is not here.
        const ALL: &[Texts] = &[$(Texts {
            tag: $tag, message: $message, mention: $mention, image: $image, sticker: $sticker, voice: $voice,
            video: $video, file: $file, location: $location, card: $card, history: $history,
        },)+];
    };
}

texts! {
    "en": "You have a new message", "Mentioned you", "Photo", "Sticker", "Voice message", "Video",
        "File", "Location", "Contact", "Chat history";
    "de": "Du hast eine neue Nachricht", "Erwähnt dich", "Bild", "Sticker", "Sprachnachricht", "Video",
        "Datei", "Standort", "Kontakt", "Chatverlauf";
    "fr": "Vous avez un nouveau message", "Vous mentionne", "Photo", "Autocollant", "Message vocal", "Vidéo",
        "Fichier", "Position", "Contact", "Historique";
    "es": "Tienes un mensaje nuevo", "Te mencionó", "Foto", "Sticker", "Mensaje de voz", "Vídeo",
        "Archivo", "Ubicación", "Contacto", "Historial";
    "pt": "Você tem uma nova mensagem", "Mencionou você", "Foto", "Figurinha", "Mensagem de voz", "Vídeo",
        "Arquivo", "Localização", "Contato", "Histórico";
    "ru": "У вас новое сообщение", "Упоминание", "Фото", "Стикер", "Голосовое сообщение", "Видео",
        "Файл", "Местоположение", "Контакт", "История";
    "zh-TW": "您有一則新訊息", "有人提到你", "圖片", "貼圖", "語音", "影片", "檔案", "位置", "名片", "聊天記錄";
    "zh-HK": "您有一則新訊息", "有人提到你", "圖片", "貼圖", "語音", "影片", "檔案", "位置", "名片", "聊天記錄";
    "zh": "您有一条新消息", "有人@你", "图片", "表情", "语音", "视频", "文件", "位置", "名片", "聊天记录";
    "ja": "新着メッセージがあります", "あなたへのメンション", "写真", "スタンプ", "音声メッセージ", "動画",
        "ファイル", "位置情報", "連絡先", "チャット履歴";
    "ko": "새 메시지가 있습니다", "나를 멘션함", "사진", "스티커", "음성 메시지", "동영상",
        "파일", "위치", "연락처", "대화 기록";
}

/// The texts of a language, by its tag: of that language, else of its kind, else English.
pub(crate) fn of(language: &str) -> &'static Texts {
    let tag = language.replace('_', "-");
    let is = |texts: &&Texts| {
        let start = tag.get(..texts.tag.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(texts.tag))
            && tag[texts.tag.len()..].chars().next().is_none_or(|c| c == '-')
    };
    ALL.iter().find(is).unwrap_or(&ALL[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_found_by_its_tag_or_the_beginning_of_it() {
        for (tag, expected) in [
            ("", "en"),
            ("xx", "en"),
            ("english", "en"),
            ("DE", "de"),
            ("de-CH", "de"),
            ("zh_CN", "zh"),
            ("zh-Hans", "zh"),
            ("zh-TW", "zh-TW"),
            ("é", "en"),
        ] {
            assert_eq!(of(tag).tag, expected, "{tag}");
        }
    }
}
